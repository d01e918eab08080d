import { Boxes, Building2, MapPin } from "lucide-react";
import { labelOf } from "@/api/use-sign-in";
import { lazyPage } from "@/components/lazy-page";
import { defineFeature, page } from "@/features/define-feature";
import { invalidations } from "./api/live";
import { validateClientsSearch, validateSitesSearch } from "./search";

/** Clients and their Sites, and how machines are added to one. */
export const feature = defineFeature({
  name: "sites",
  permissions: ["sites.read", "sites.write", "codes.write"],
  pages: [
    page({
      path: "/clients",
      needs: "sites.read",
      search: validateClientsSearch,
      component: lazyPage(() => import("./routes/clients-page"), "ClientsPage"),
      section: {
        label: (me) => `${labelOf(me, "client", 2)} & ${labelOf(me, "site", 2)}`,
        short: (me) => labelOf(me, "site", 2),
        icon: Building2,
        order: 50,
        essential: true,
        notFor: ["client_contact"],
      },
    }),
    page({
      path: "/clients/$clientId",
      needs: "sites.read",
      search: validateSitesSearch,
      component: lazyPage(() => import("./routes/client-page"), "ClientPage"),
    }),
    page({
      path: "/sites/$siteId",
      needs: "sites.read",
      component: lazyPage(() => import("./routes/site-page"), "SitePage"),
    }),
  ],
  invalidations,
  events: [
    { noun: "site", icon: MapPin, names: { "site.created": (me) => `${labelOf(me, "site")} created` } },
    { noun: "client", icon: Boxes, names: { "client.created": (me) => `${labelOf(me, "client")} created` } },
  ],
});
