import { Gauge, Settings, ShieldCheck, Users } from "lucide-react";
import { labelOf } from "@/api/use-sign-in";
import { lazyPage } from "@/components/lazy-page";
import { defineFeature, layout, tab } from "@/features/define-feature";
import { validatePlaceSearch, validateUsersSearch } from "./search";

/** One's own account, and what a Partner decides about people and machines. */
export const feature = defineFeature({
  name: "settings",
  permissions: ["users.read", "users.write", "settings.read", "settings.write", "platform_settings.write"],
  layouts: [
    layout({
      name: "settings",
      path: "/settings",
      where: "everywhere",
      component: lazyPage(() => import("./routes/settings-layout"), "SettingsLayout"),
      section: { label: "Settings", icon: Settings, order: 90, essential: true },
    }),
  ],
  tabs: [
    tab({
      of: "settings",
      path: "/",
      where: "everywhere",
      component: lazyPage(() => import("./routes/account-tab"), "AccountTab"),
      label: "Account",
      order: 10,
    }),
    tab({
      of: "settings",
      path: "/users",
      needs: "users.read",
      search: validateUsersSearch,
      component: lazyPage(() => import("./routes/users-tab"), "UsersTab"),
      label: "Users",
      icon: Users,
      order: 20,
      fill: true,
    }),
    tab({
      of: "settings",
      path: "/partner",
      needs: "settings.read",
      search: validatePlaceSearch,
      component: lazyPage(() => import("./routes/partner-tab"), "PartnerTab"),
      label: (me) => labelOf(me, "partner"),
      icon: Settings,
      order: 30,
    }),
    tab({
      of: "settings",
      path: "/platform",
      needs: "platform_settings.write",
      where: "platform",
      component: lazyPage(() => import("./routes/platform-tab"), "PlatformTab"),
      label: "Platform",
      icon: Settings,
      order: 30,
    }),
    tab({
      of: "settings",
      path: "/sign-in",
      needs: "settings.write",
      component: lazyPage(() => import("./routes/sign-in-rules-tab"), "SignInRulesTab"),
      label: "Sign-in",
      icon: ShieldCheck,
      order: 25,
    }),
    tab({
      of: "settings",
      path: "/use",
      needs: "settings.write",
      component: lazyPage(() => import("./routes/use-tab"), "UseTab"),
      label: "Use",
      icon: Gauge,
      order: 40,
    }),
  ],
  events: [{ noun: "settings", icon: Settings, names: { "settings.changed": "Settings changed" } }],
  invalidations: [{ after: ["settings"], mark: [["settings"]] }],
});
