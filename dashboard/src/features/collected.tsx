/** What all features contribute together, for the pages that show it. The app provides the list of features. */
import { useMatches } from "@tanstack/react-router";
import { createContext, useContext, useMemo } from "react";
import type { Me } from "@/api/contract";
import { useMe } from "@/api/use-sign-in";
import type { EventKind, Feature, MachineAct, MachineWay, Where, Wording } from "./define-feature";

const FeaturesContext = createContext<readonly Feature[]>([]);
export const FeaturesProvider = FeaturesContext.Provider;

export function useFeatures(): readonly Feature[] {
  return useContext(FeaturesContext);
}

export function wordingOf(label: Wording, me: Me): string {
  return typeof label === "string" ? label : label(me);
}

/** Whether something that needs a permission, and stands inside a Partner or outside, is for somebody where they are. */
function isFor(me: Me, { needs, where = "partner" }: { needs?: string; where?: Where }): boolean {
  const here: Where = me.tenant_id === null ? "platform" : "partner";
  return (where === here || where === "everywhere") && (needs === undefined || me.permissions.includes(needs));
}

/** The parts that are for somebody, in their order. */
export function partsFor<T extends { order: number; needs?: string; where?: Where }>(me: Me, parts: readonly T[]): T[] {
  return parts.filter((part) => isFor(me, part)).sort((a, b) => a.order - b.order);
}

interface ShownTab {
  /** The whole path; its places are filled with the parameters of the page. */
  to: string;
  /** Whether it is the tab of the layout's own path. */
  first: boolean;
  label: string;
}

/** The tabs of a layout that are for whoever is signed in. */
export function useTabs(name: string): ShownTab[] {
  const features = useFeatures();
  const me = useMe();
  return useMemo(() => {
    const path = features.flatMap(({ layouts = [] }) => layouts).find((layout) => layout.name === name)?.path ?? "";
    const tabs = features.flatMap(({ tabs = [] }) => tabs).filter(({ of }) => of === name);
    return partsFor(me, tabs).map((tab) => ({
      to: tab.path === "/" ? path : path + tab.path,
      first: tab.path === "/",
      label: wordingOf(tab.label, me),
    }));
  }, [features, me, name]);
}

/** For links to a layout's tabs: the address of one, or of the first where this role does not have it. */
export function useTabAddress(name: string): (to: string) => string {
  const tabs = useTabs(name);
  const first = tabs.find((tab) => tab.first)?.to ?? "/";
  return (to) => (tabs.some((tab) => tab.to === to) ? to : first);
}

/** Whether the page shown takes the rest of the window's height. */
export function useFill(): boolean {
  return useMatches({ select: (matches) => matches.at(-1)?.staticData.fill ?? false });
}

/** What can be done with machines, and where one can go with one. */
export function useMachineActs(): { ways: MachineWay[]; acts: MachineAct[] } {
  const features = useFeatures();
  const me = useMe();
  return useMemo(
    () => ({
      ways: partsFor(
        me,
        features.flatMap(({ machineWays = [] }) => machineWays),
      ),
      acts: partsFor(
        me,
        features.flatMap(({ machineActs = [] }) => machineActs),
      ),
    }),
    [features, me],
  );
}

export function useEventKinds(): EventKind[] {
  const features = useFeatures();
  return useMemo(() => features.flatMap(({ events = [] }) => events), [features]);
}

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    where?: Where;
    fill?: boolean;
  }
}
