import { Monitor } from "lucide-react";
import { lazyPage } from "@/components/lazy-page";
import { lazyPart } from "@/components/lazy-part";
import { defineFeature, page } from "@/features/define-feature";
import { invalidations, reducers } from "./api/live";
import { validateFleetSearch } from "./search";

/** All machines in one list, and the search for one. */
export const feature = defineFeature({
  name: "fleet",
  permissions: ["views.write", "views.manage"],
  pages: [
    page({
      path: "/fleet",
      search: validateFleetSearch,
      component: lazyPage(() => import("./routes/fleet-page"), "FleetPage"),
      section: {
        label: "Fleet",
        icon: Monitor,
        order: 20,
        essential: true,
        notFor: ["client_contact"],
      },
    }),
  ],
  reducers,
  invalidations,
  finder: lazyPart(() => import("./components/machine-finder").then((module) => module.MachineFinder)),
  hotkeys: { "/": { to: "/fleet", search: { focus: "search" } } },
});
