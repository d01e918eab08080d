import { useQueryClient } from "@tanstack/react-query";
import { Outlet, useLocation, useMatches, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Me } from "@/api/contract";
import { type LiveParts, LiveProvider } from "@/api/live";
import { useMe, useSignIn } from "@/api/use-sign-in";
import { ConfirmProvider } from "@/components/confirm";
import { DialogHost } from "@/components/dialog-host";
import { useFeatures } from "@/features/collected";
import type { Feature } from "@/features/define-feature";
import { dropDrafts } from "@/lib/drafts";
import { takeEarlyKeys } from "@/lib/early-keys";
import { useHotkeys } from "@/lib/hotkeys";
import { forgetPlaces } from "@/lib/places";
import { keepPreference, readPreference } from "@/lib/storage";
import { useWhenIdle } from "@/lib/use-idle";
import { usePagesScroll } from "@/lib/use-place";
import { BottomBar } from "./bottom-bar";
import { HelpDialog } from "./help-dialog";
import { homeOf, sectionsFor } from "./navigation";
import { Notices } from "./notices";
import { Palette } from "./palette";
import { PartnerBanner } from "./partner-banner";
import { PagePending } from "./route-states";
import { Sidebar } from "./sidebar";
import { StepUpDialog } from "./step-up-dialog";
import { TopBar } from "./top-bar";

const NO_KEYS = { asked: false, text: "", enter: false };

/** What stands around every page of who is signed in. Its code is not loaded for those who are not. */
export function Shell() {
  return (
    <>
      <ConfirmProvider>
        <SignedIn />
      </ConfirmProvider>
      <StepUpDialog />
      <Notices />
    </>
  );
}

function SignedIn() {
  const { status } = useSignIn();
  const { tenant_id, needs_factor } = useMe();
  // Not the address: while the next page loads, the address is new and the page shown is still the old one.
  const needsPartner = useMatches({
    select: (matches) => matches.some(({ staticData }) => staticData.where === "partner"),
  });
  const features = useFeatures();
  const parts = useMemo(() => livePartsOf(features), [features]);
  useLeaveWhenSignedOut();
  useLeaveForSecondFactor(needs_factor);
  useForgetAtPartnerChange(status === "signed-in", tenant_id);
  // On the way out of a Partner or of the product: the page of before must not render without what it needs.
  if (status !== "signed-in" || needs_factor || (tenant_id === null && needsPartner)) return <PagePending />;
  // A Partner's live socket ends with the Partner: the key makes a new one for the next.
  return tenant_id === null ? (
    <Frame live={false} />
  ) : (
    <LiveProvider key={tenant_id} parts={parts}>
      <DialogHost>
        <Frame live />
      </DialogHost>
    </LiveProvider>
  );
}

function livePartsOf(features: readonly Feature[]): LiveParts {
  return {
    reducers: features.flatMap(({ reducers = [] }) => reducers),
    invalidations: features.flatMap(({ invalidations = [] }) => invalidations),
  };
}

function Frame({ live }: { live: boolean }) {
  const navigate = useNavigate();
  const features = useFeatures();
  const me = useMe();
  const main = useRef<HTMLElement>(null);
  const [collapsed, setCollapsed] = useState(() => readPreference("sidebar") === "icons");
  const [early, setEarly] = useState(takeEarlyKeys);
  const [palette, setPalette] = useState(early.asked);
  const [help, setHelp] = useState(false);
  useWhenIdle(() => preload(live ? features : []));
  const collapse = (next: boolean) => {
    setCollapsed(next);
    keepPreference("sidebar", next ? "icons" : "full");
  };
  const keys = {
    "mod+k": () => setPalette(true),
    "?": () => setHelp(true),
    "[": () => collapse(!collapsed),
    ...(live && hotkeysOf(features, me, navigate)),
  };
  useHotkeys(keys, true, "window");
  usePagesScroll(main);
  return (
    <div className="flex h-dvh overflow-hidden max-md:flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded focus:bg-overlay focus:px-3 focus:py-2"
      >
        Skip to the page
      </a>
      <Sidebar collapsed={collapsed} onCollapse={collapse} />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <PartnerBanner />
        <TopBar live={live} onPalette={() => setPalette(true)} onHelp={() => setHelp(true)} />
        <main id="main" ref={main} tabIndex={-1} className="relative min-h-0 flex-1 overflow-y-auto outline-none">
          <Outlet />
        </main>
      </div>
      <BottomBar />
      {palette && (
        <Palette
          live={live}
          early={early}
          onClose={() => {
            setPalette(false);
            setEarly(NO_KEYS);
          }}
          onHelp={() => setHelp(true)}
        />
      )}
      <HelpDialog open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

/** Loads what will be wanted without a moment to lose. What does not arrive is asked for again when it is wanted. */
function preload(features: readonly Feature[]): void {
  const loads = features.flatMap(({ preload, finder }) => [preload, finder?.preload]);
  for (const load of loads) load?.().catch(() => undefined);
}

/** A key leads where a section of this role leads. */
function hotkeysOf(features: readonly Feature[], me: Me, navigate: ReturnType<typeof useNavigate>) {
  const sections = sectionsFor(features, me).map(({ to }) => to);
  const ways = features
    .flatMap(({ hotkeys = {} }) => Object.entries(hotkeys))
    .filter(([, { to }]) => sections.includes(to));
  return Object.fromEntries(
    ways.map(([key, { to, search }]) => [key, () => void navigate({ to, search: search as never })]),
  );
}

function useLeaveWhenSignedOut(): void {
  const signIn = useSignIn();
  const navigate = useNavigate();
  const { href, pathname } = useLocation();
  const cache = useQueryClient();
  useEffect(() => {
    if (signIn.status !== "signed-out" || pathname === "/sign-in") return;
    cache.clear();
    forgetPlaces();
    if (signIn.byChoice) dropDrafts();
    const back = signIn.byChoice || pathname === "/" ? {} : { return_to: href };
    void navigate({ to: "/sign-in", search: back, replace: true });
  }, [signIn, navigate, href, pathname, cache]);
}

/** A Partner that asks a second factor of everybody may do so while somebody is at work. */
function useLeaveForSecondFactor(needed: boolean): void {
  const navigate = useNavigate();
  useEffect(() => {
    if (needed) void navigate({ to: "/second-factor", replace: true });
  }, [needed, navigate]);
}

/** Nothing of one Partner may be seen in another: the caches go when the Partner changes. */
function useForgetAtPartnerChange(signedIn: boolean, tenantId: string | null): void {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const before = useRef(tenantId);
  const home = homeOf(useFeatures(), useMe());
  useEffect(() => {
    if (!signedIn || before.current === tenantId) return;
    before.current = tenantId;
    cache.clear();
    forgetPlaces();
    void navigate({ to: home });
  }, [signedIn, tenantId, home, cache, navigate]);
}
