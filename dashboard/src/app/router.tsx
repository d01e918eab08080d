import { createRootRoute, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { refresh, signInState } from "@/api/sign-in";
import { validateAuditSearch } from "@/features/audit/search";
import { validateCommandsSearch } from "@/features/commands/search";
import { validateFleetSearch } from "@/features/fleet/search";
import {
  validateHistorySearch,
  validateOverviewSearch,
  validateProcessesSearch,
  validateSoftwareSearch,
  validateStorageSearch,
} from "@/features/machine/search";
import { validateEventsSearch } from "@/features/mission-control/search";
import { validatePlatformSearch } from "@/features/platform/search";
import { validateSessionsSearch } from "@/features/sessions/search";
import { validateUsersSearch } from "@/features/settings/search";
import { validateClientsSearch, validateSitesSearch } from "@/features/sites/search";
import { localPath, parseSearch, type RawSearch, stringifySearch, textParam } from "@/lib/search-params";
import { knownIds } from "./known-ids";
import { lazyPage } from "./lazy-page";
import { PagePending, RouteError, RouteNotFound } from "./route-states";

const rootRoute = createRootRoute({ errorComponent: RouteError, notFoundComponent: RouteNotFound });

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (raw: RawSearch): { return_to?: string } => ({ return_to: localPath(textParam(raw, "return_to")) }),
  component: lazyPage(() => import("@/features/auth/routes/sign-in-page"), "SignInPage"),
});

const welcomeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/welcome/$token",
  component: lazyPage(() => import("@/features/auth/routes/welcome-page"), "WelcomePage"),
});

// Asked for at once, beside the question who is signed in: nearly everybody who comes is.
const loadShell = () => import("./shell");
void loadShell();

const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "app",
  beforeLoad: async ({ location }) => {
    if (signInState().status === "unknown") await refresh();
    const { status, me } = signInState();
    if (status !== "signed-in") {
      throw redirect({ to: "/sign-in", search: location.pathname === "/" ? {} : { return_to: location.href } });
    }
    const withoutPartner = me.role === "platform_admin" && me.tenant_id === null;
    if (withoutPartner && !/^\/(platform|settings)\b/.test(location.pathname)) throw redirect({ to: "/platform" });
  },
  component: lazyPage(loadShell, "Shell"),
  pendingComponent: PagePending,
});

const missionControlRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/",
  component: lazyPage(() => import("@/features/mission-control/routes/mission-control-page"), "MissionControlPage"),
});
const eventsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/activity",
  validateSearch: validateEventsSearch,
  component: lazyPage(() => import("@/features/mission-control/routes/activity-page"), "ActivityPage"),
});
const fleetRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/fleet",
  validateSearch: validateFleetSearch,
  component: lazyPage(() => import("@/features/fleet/routes/fleet-page"), "FleetPage"),
});

const machineRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/agents/$agentId",
  loader: ({ params }) => knownIds(params),
  component: lazyPage(() => import("@/features/machine/routes/machine-layout"), "MachineLayout"),
});
const machineTabs = [
  createRoute({
    getParentRoute: () => machineRoute,
    path: "/",
    validateSearch: validateOverviewSearch,
    component: lazyPage(() => import("@/features/machine/routes/overview-tab"), "OverviewTab"),
  }),
  createRoute({
    getParentRoute: () => machineRoute,
    path: "/terminal",
    component: lazyPage(() => import("@/features/terminal/routes/terminal-tab"), "TerminalTab"),
  }),
  createRoute({
    getParentRoute: () => machineRoute,
    path: "/processes",
    validateSearch: validateProcessesSearch,
    component: lazyPage(() => import("@/features/machine/routes/processes-tab"), "ProcessesTab"),
  }),
  createRoute({
    getParentRoute: () => machineRoute,
    path: "/storage",
    validateSearch: validateStorageSearch,
    component: lazyPage(() => import("@/features/machine/routes/storage-tab"), "StorageTab"),
  }),
  createRoute({
    getParentRoute: () => machineRoute,
    path: "/software",
    validateSearch: validateSoftwareSearch,
    component: lazyPage(() => import("@/features/machine/routes/software-tab"), "SoftwareTab"),
  }),
  createRoute({
    getParentRoute: () => machineRoute,
    path: "/commands",
    validateSearch: validateCommandsSearch,
    component: lazyPage(() => import("@/features/commands/routes/machine-commands-tab"), "MachineCommandsTab"),
  }),
  createRoute({
    getParentRoute: () => machineRoute,
    path: "/sessions",
    validateSearch: validateSessionsSearch,
    component: lazyPage(() => import("@/features/sessions/routes/machine-sessions-tab"), "MachineSessionsTab"),
  }),
  createRoute({
    getParentRoute: () => machineRoute,
    path: "/history",
    validateSearch: validateHistorySearch,
    component: lazyPage(() => import("@/features/machine/routes/history-tab"), "HistoryTab"),
  }),
] as const;

// What is at no address is said inside the frame, to those who are signed in.
const elsewhereRoute = createRoute({ getParentRoute: () => appRoute, path: "$", component: RouteNotFound });

const commandsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/commands",
  validateSearch: validateCommandsSearch,
  component: lazyPage(() => import("@/features/commands/routes/commands-page"), "CommandsPage"),
});
const commandRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/commands/$commandId",
  loader: ({ params }) => knownIds(params),
  component: lazyPage(() => import("@/features/commands/routes/command-page"), "CommandPage"),
});
const batchRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/commands/batch/$batchId",
  loader: ({ params }) => knownIds(params),
  component: lazyPage(() => import("@/features/commands/routes/batch-page"), "BatchPage"),
});
const sessionsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/sessions",
  validateSearch: validateSessionsSearch,
  component: lazyPage(() => import("@/features/sessions/routes/sessions-page"), "SessionsPage"),
});
const sessionRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/sessions/$sessionId",
  loader: ({ params }) => knownIds(params),
  component: lazyPage(() => import("@/features/sessions/routes/session-page"), "SessionPage"),
});
const clientsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/clients",
  validateSearch: validateClientsSearch,
  component: lazyPage(() => import("@/features/sites/routes/clients-page"), "ClientsPage"),
});
const clientRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/clients/$clientId",
  validateSearch: validateSitesSearch,
  loader: ({ params }) => knownIds(params),
  component: lazyPage(() => import("@/features/sites/routes/client-page"), "ClientPage"),
});
const siteRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/sites/$siteId",
  loader: ({ params }) => knownIds(params),
  component: lazyPage(() => import("@/features/sites/routes/site-page"), "SitePage"),
});

const settingsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/settings",
  component: lazyPage(() => import("@/features/settings/routes/settings-layout"), "SettingsLayout"),
});
const settingsTabs = [
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/",
    component: lazyPage(() => import("@/features/settings/routes/account-tab"), "AccountTab"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/users",
    validateSearch: validateUsersSearch,
    component: lazyPage(() => import("@/features/settings/routes/users-tab"), "UsersTab"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/partner",
    component: lazyPage(() => import("@/features/settings/routes/partner-tab"), "PartnerTab"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/audit",
    validateSearch: validateAuditSearch,
    component: lazyPage(() => import("@/features/audit/routes/audit-tab"), "AuditTab"),
  }),
] as const;

const platformRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/platform",
  validateSearch: validatePlatformSearch,
  component: lazyPage(() => import("@/features/platform/routes/partners-page"), "PartnersPage"),
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  welcomeRoute,
  appRoute.addChildren([
    missionControlRoute,
    eventsRoute,
    fleetRoute,
    machineRoute.addChildren(machineTabs),
    commandsRoute,
    commandRoute,
    batchRoute,
    sessionsRoute,
    sessionRoute,
    clientsRoute,
    clientRoute,
    siteRoute,
    settingsRoute.addChildren(settingsTabs),
    platformRoute,
    elsewhereRoute,
  ]),
]);

export const router = createRouter({
  routeTree,
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultPreloadDelay: 60,
  defaultPendingMs: 150,
  defaultErrorComponent: RouteError,
  defaultNotFoundComponent: RouteNotFound,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
