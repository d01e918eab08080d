/** Where one can go from anywhere: what the sidebar, the bottom bar and the palette show. */
import type { LucideIcon } from "lucide-react";
import type { Me } from "@/api/contract";
import { partsFor, wordingOf } from "@/features/collected";
import type { Feature } from "@/features/define-feature";

export interface Destination {
  to: string;
  label: string;
  icon: LucideIcon;
}

interface ShownSection extends Destination {
  short: string;
  essential: boolean;
}

/** The sections that are for somebody where they are, in their order. */
export function sectionsFor(features: readonly Feature[], me: Me): ShownSection[] {
  const pages = features.flatMap(({ pages = [], layouts = [] }) => [...pages, ...layouts]);
  const sections = pages.flatMap(({ path, section, needs, where }) =>
    section && !section.notFor?.includes(me.role) ? [{ ...section, to: path, needs, where }] : [],
  );
  return partsFor(me, sections).map(({ to, label, short, icon, essential = false }) => ({
    to,
    icon,
    essential,
    label: wordingOf(label, me),
    short: wordingOf(short ?? label, me),
  }));
}

/** The tabs that can be gone to from anywhere, named with the page they are on. */
export function tabsToGoTo(features: readonly Feature[], me: Me): Destination[] {
  return features
    .flatMap(({ layouts = [] }) => layouts)
    .flatMap(({ name, path, section }) => {
      if (!section) return [];
      const tabs = features.flatMap(({ tabs = [] }) => tabs).filter(({ of }) => of === name);
      return partsFor(me, tabs).flatMap(({ path: below, label, icon }) =>
        icon ? [{ to: path + below, icon, label: `${wordingOf(section.label, me)} › ${wordingOf(label, me)}` }] : [],
      );
    });
}

/** The page that somebody begins on. */
export function homeOf(features: readonly Feature[], me: Me): string {
  return sectionsFor(features, me)[0]?.to ?? "/";
}
