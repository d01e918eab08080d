import { Activity, LayoutDashboard } from "lucide-react";
import { lazyPage } from "@/components/lazy-page";
import { defineFeature, page } from "@/features/define-feature";
import { invalidations, reducers } from "./api/live";
import { validateActivitySearch, validateHomeSearch } from "./search";

/** How the Partner's machines are, and what happens on them. */
export const feature = defineFeature({
  name: "mission-control",
  pages: [
    page({
      path: "/",
      search: validateHomeSearch,
      component: lazyPage(() => import("./routes/mission-control-page"), "MissionControlPage"),
      section: {
        label: (me) => (me.role === "client_contact" ? "Your computers" : "Mission Control"),
        short: (me) => (me.role === "client_contact" ? "Computers" : "Control"),
        icon: LayoutDashboard,
        order: 10,
        essential: true,
      },
    }),
    page({
      path: "/activity",
      search: validateActivitySearch,
      component: lazyPage(() => import("./routes/activity-page"), "ActivityPage"),
      section: { label: "Activity", icon: Activity, order: 60, notFor: ["client_contact"] },
    }),
  ],
  reducers,
  invalidations,
});
