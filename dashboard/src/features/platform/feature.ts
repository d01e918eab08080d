import { Building2 } from "lucide-react";
import { labelOf } from "@/api/use-sign-in";
import { lazyPage } from "@/components/lazy-page";
import { defineFeature, page } from "@/features/define-feature";
import { validatePlatformSearch } from "./search";

/** The Partners, for those who operate the software. */
export const feature = defineFeature({
  name: "platform",
  permissions: ["partners.read", "partners.write"],
  pages: [
    page({
      path: "/platform",
      needs: "partners.read",
      where: "platform",
      search: validatePlatformSearch,
      component: lazyPage(() => import("./routes/partners-page"), "PartnersPage"),
      section: { label: (me) => labelOf(me, "partner", 2), icon: Building2, order: 10, essential: true },
    }),
  ],
});
