import { createRouter } from "@tanstack/react-router";
import { FEATURES } from "./features";
import { ROUTER_OPTIONS, routeTreeOf } from "./routes";

export const router = createRouter({ routeTree: routeTreeOf(FEATURES), ...ROUTER_OPTIONS });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

// The code of the page that is asked for comes while the server is asked who is signed in.
const [asked] = router.getMatchedRoutes(window.location.pathname);
for (const { options } of asked) void options.component?.preload?.();
