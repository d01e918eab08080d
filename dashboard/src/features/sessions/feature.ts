import { SquareTerminal } from "lucide-react";
import { lazyPage } from "@/components/lazy-page";
import { defineFeature, page, tab } from "@/features/define-feature";
import { invalidations } from "./api/live";
import { validateSessionsSearch } from "./search";

/** Tech sessions: who was on which machine, and their recordings. */
export const feature = defineFeature({
  name: "sessions",
  permissions: ["tunnel.read", "tunnel.end"],
  pages: [
    page({
      path: "/sessions",
      needs: "tunnel.read",
      search: validateSessionsSearch,
      component: lazyPage(() => import("./routes/sessions-page"), "SessionsPage"),
      section: { label: "Sessions", icon: SquareTerminal, order: 40 },
    }),
    page({
      path: "/sessions/$sessionId",
      needs: "tunnel.read",
      component: lazyPage(() => import("./routes/session-page"), "SessionPage"),
    }),
  ],
  tabs: [
    tab({
      of: "machine",
      path: "/sessions",
      needs: "tunnel.read",
      search: validateSessionsSearch,
      component: lazyPage(() => import("./routes/machine-sessions-tab"), "MachineSessionsTab"),
      label: "Sessions",
      order: 70,
      fill: true,
    }),
  ],
  invalidations,
  events: [
    {
      noun: "tunnel",
      icon: SquareTerminal,
      subject: { to: "/sessions/$sessionId", param: "sessionId", needs: "tunnel.read" },
      names: { "tunnel.opened": "Terminal opened", "tunnel.closed": "Terminal closed" },
    },
  ],
});
