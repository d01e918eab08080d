import { lazyPage } from "@/components/lazy-page";
import { defineFeature, page } from "@/features/define-feature";
import { validateSignInSearch } from "./search";

/** The way in: signing in, accepting an invitation, and the second factor that a Partner may ask for. */
export const feature = defineFeature({
  name: "auth",
  publicPages: [
    page({
      path: "/sign-in",
      search: validateSignInSearch,
      component: lazyPage(() => import("./routes/sign-in-page"), "SignInPage"),
    }),
    page({
      path: "/second-factor",
      component: lazyPage(() => import("./routes/second-factor-page"), "SecondFactorPage"),
    }),
    page({ path: "/welcome/$token", component: lazyPage(() => import("./routes/welcome-page"), "WelcomePage") }),
  ],
});
