import { ScrollText } from "lucide-react";
import { lazyPage } from "@/components/lazy-page";
import { defineFeature, tab } from "@/features/define-feature";
import { validateAuditSearch } from "./search";

/** Every act of every person. */
export const feature = defineFeature({
  name: "audit",
  permissions: ["audit.read"],
  tabs: [
    tab({
      of: "settings",
      path: "/audit",
      needs: "audit.read",
      search: validateAuditSearch,
      component: lazyPage(() => import("./routes/audit-tab"), "AuditTab"),
      label: "Audit",
      icon: ScrollText,
      order: 40,
      fill: true,
    }),
  ],
});
