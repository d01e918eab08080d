/** Makes the router's tree of what the features contribute, with every address known to the compiler. */
import { type AnyRoute, createRootRoute, createRoute, type RouteComponent, redirect } from "@tanstack/react-router";
import { recall, signInState } from "@/api/sign-in";
import { useCan } from "@/api/use-sign-in";
import { lazyPage } from "@/components/lazy-page";
import type { Feature, Layout, Page, Tab } from "@/features/define-feature";
import { parseSearch, stringifySearch } from "@/lib/search-params";
import { knownIds } from "./known-ids";
import { homeOf } from "./navigation";
import { NotForThisRole, PagePending, RouteError, RouteNotFound } from "./route-states";

/** How addresses are read and pages are shown, whatever the tree. */
export const ROUTER_OPTIONS = {
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultPreloadDelay: 60,
  defaultPendingMs: 150,
  defaultErrorComponent: RouteError,
  defaultNotFoundComponent: RouteNotFound,
  scrollRestoration: false,
} as const;

const loadShell = () => import("./shell");

/** The tree of all pages of these features: the public ones, and within the shell those of who is signed in. */
export function routeTreeOf<const F extends readonly Feature[]>(features: F) {
  void loadShell(); // asked for at once, beside the question who is signed in: nearly everybody who comes is
  const root = rootRoute();
  const shell = shellRoute(root, features);
  const publicPages = features.flatMap(({ publicPages = [] }) => publicPages.map((page) => pageRoute(root, page)));
  const pages = features.flatMap(({ pages = [] }) => pages.map((page) => pageRoute(shell, page)));
  const tabs = features.flatMap(({ tabs = [] }) => tabs);
  const layouts = features.flatMap(({ layouts = [] }) => layouts.map((layout) => layoutRoute(shell, layout, tabs)));
  // What is at no address is said inside the frame, to those who are signed in.
  const elsewhere = createRoute({
    getParentRoute: () => shell,
    path: "$",
    component: RouteNotFound,
    staticData: { where: "partner" },
  });
  const inside = shell.addChildren([...pages, ...layouts, elsewhere] as unknown as Inside<F>);
  return root.addChildren([...publicPages, inside] as unknown as Outside<F> & { shell: typeof inside });
}

type Every<F extends readonly Feature[], K extends "publicPages" | "pages" | "layouts" | "tabs"> = NonNullable<
  F[number][K]
>[number];

type Root = ReturnType<typeof rootRoute>;
type Shell = ReturnType<typeof shellRoute>;

/** The type of the route that `pageRoute` makes of a page or tab. */
type RouteOf<Parent extends AnyRoute, P> =
  P extends Page<infer Path, infer Search> ? ReturnType<typeof pageRoute<Parent, Path, Search>> : never;

/** Routes by their paths. */
type RoutesOf<Parent extends AnyRoute, P extends { path: string }> = { [K in P as K["path"]]: RouteOf<Parent, K> };

type LayoutRouteOf<F extends readonly Feature[], L> =
  L extends Layout<infer Name, infer Path>
    ? ReturnType<
        typeof layoutRoute<Path, RoutesOf<RouteOf<Shell, Page<Path>>, Extract<Every<F, "tabs">, { of: Name }>>>
      >
    : never;

type Outside<F extends readonly Feature[]> = RoutesOf<Root, Every<F, "publicPages">>;
type Inside<F extends readonly Feature[]> = RoutesOf<Shell, Every<F, "pages">> & {
  [L in Every<F, "layouts"> as L["path"]]: LayoutRouteOf<F, L>;
};

function rootRoute() {
  return createRootRoute({ errorComponent: RouteError, notFoundComponent: RouteNotFound });
}

function shellRoute(root: Root, features: readonly Feature[]) {
  return createRoute({
    getParentRoute: () => root,
    id: "app",
    beforeLoad: async ({ location, matches }) => {
      await recall();
      const { status, me } = signInState();
      if (status !== "signed-in") {
        throw redirect({ to: "/sign-in", search: location.pathname === "/" ? {} : { return_to: location.href } });
      }
      if (me.needs_factor) throw redirect({ to: "/second-factor" });
      const needsPartner = matches.some(({ staticData }) => staticData.where === "partner");
      if (me.tenant_id === null && needsPartner) throw redirect({ to: homeOf(features, me) });
    },
    component: lazyPage(loadShell, "Shell"),
    pendingComponent: PagePending,
  });
}

function pageRoute<Parent extends AnyRoute, Path extends string, Search extends object>(
  parent: Parent,
  page: Page<Path, Search>,
) {
  return createRoute({ getParentRoute: () => parent, path: page.path, ...optionsOf(page) });
}

function layoutRoute<Path extends string, Tabs extends Record<string, AnyRoute>>(
  shell: Shell,
  layout: Layout<string, Path>,
  tabs: readonly Tab[],
) {
  const route = pageRoute(shell, layout);
  const own = tabs.filter(({ of }) => of === layout.name).map((tab) => pageRoute(route, tab));
  return route.addChildren(own as unknown as Tabs);
}

function optionsOf<Search extends object>(page: Page<string, Search> & Pick<Tab, "fill">) {
  const { path, search, needs, where = "partner", component, fill } = page;
  const loader = ({ params }: { params: object }) => knownIds(params);
  return {
    ...(search && { validateSearch: search }),
    // As a function of nothing: the compiler takes the names of the parameters from the path, not from here.
    ...(path.includes("$") && { loader: loader as () => void }),
    notFoundComponent: RouteNotFound,
    component: needs === undefined ? component : gated(component, needs),
    staticData: { where, fill },
  };
}

/** The page for those with the permission. The server decides what they get; this is for saying so plainly. */
function gated(Page: RouteComponent, needs: string): RouteComponent {
  const Gated = () => (useCan(needs) ? <Page /> : <NotForThisRole />);
  return Object.assign(Gated, { preload: Page.preload });
}
