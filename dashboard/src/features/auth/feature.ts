import { lazyPage } from "@/components/lazy-page";
import { defineFeature, page } from "@/features/define-feature";
import { validateSignInSearch } from "./search";

/** The way in: signing in, and accepting an invitation. */
export const feature = defineFeature({
  name: "auth",
  publicPages: [
    page({
      path: "/sign-in",
      search: validateSignInSearch,
      component: lazyPage(() => import("./routes/sign-in-page"), "SignInPage"),
    }),
    page({ path: "/welcome/$token", component: lazyPage(() => import("./routes/welcome-page"), "WelcomePage") }),
  ],
});
