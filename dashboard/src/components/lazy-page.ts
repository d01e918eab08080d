import { lazyRouteComponent } from "@tanstack/react-router";

/** A page's code did not arrive. Unlike the browser's own error it does not make the router load the document anew. */
class CodeNotLoaded extends Error {
  constructor(cause: unknown) {
    super("Its code did not arrive. Check the connection and try again; if GuruRMM was just updated, reload.", {
      cause,
    });
    this.name = "CodeNotLoaded";
  }
}

/** A page whose code is loaded when it is first shown. When that fails, the page says so and everything else stays. */
export const lazyPage: typeof lazyRouteComponent = (load, exportName) =>
  lazyRouteComponent(
    () =>
      load().catch((error: unknown) => {
        throw new CodeNotLoaded(error);
      }),
    exportName,
  );
