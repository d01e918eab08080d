import { createRouter } from "@tanstack/react-router";
import { FEATURES } from "./features";
import { ROUTER_OPTIONS, routeTreeOf } from "./routes";

export const router = createRouter({ routeTree: routeTreeOf(FEATURES), ...ROUTER_OPTIONS });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
