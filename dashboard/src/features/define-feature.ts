/**
 * What a feature contributes to the dashboard. Each `features/<name>/feature.ts` says it in one object, `app/features.ts`
 * lists them, and nothing else knows which there are; a module hands in the same object. The objects are loaded with the
 * first page, so what they hold is light: pages, dialogs and parts are loaded when they are first shown.
 */
import type { RouteComponent } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";
import type { AgentFilter, Me, Role } from "@/api/contract";
import type { Invalidation, LiveReducer } from "@/api/live-contribution";
import type { OpenDialog } from "@/components/dialog-host";
import type { LazyPart } from "@/components/lazy-part";
import type { RawSearch } from "@/lib/search-params";

/** A word of the interface; a function where the Partner may have words of its own. */
export type Wording = string | ((me: Me) => string);

/** Inside a Partner, on the Platform outside of any, or in both. */
export type Where = "partner" | "platform" | "everywhere";

interface Shown {
  component: RouteComponent;
  /** The permission without which the page says that it is not for this role, and nothing leads to it. */
  needs?: string;
  /** "partner" when not said. */
  where?: Where;
}

/** The entry of a page in the sidebar, and in the palette. */
export interface Section {
  label: Wording;
  icon: LucideIcon;
  /** Its place among the others, from the top. */
  order: number;
  /** What it is called where there is little room. */
  short?: Wording;
  /** Whether it stands in the bottom bar of a phone. */
  essential?: boolean;
  /** The roles that may see the page, but are not led there: they have a page of their own for it. */
  notFor?: readonly Role[];
}

/** A page with an address of its own. Where its path has a place for an id (`$siteId`), there is nothing at other words. */
export interface Page<Path extends string = string, Search extends object = object> extends Shown {
  path: Path;
  /** Reads the address's query, in which anything may stand. */
  search?: (raw: RawSearch) => Search;
  section?: Section;
}

/** A page whose tabs are contributed, by any feature. It shows them with `useTabs(name)` and its `Outlet`. */
export interface Layout<Name extends string = string, Path extends string = string> extends Shown {
  name: Name;
  path: Path;
  section?: Section;
}

export interface Tab<Of extends string = string, Path extends string = string, Search extends object = object>
  extends Shown {
  /** The layout it belongs to. */
  of: Of;
  /** Below the layout's own path; "/" is the tab shown first. */
  path: Path;
  search?: (raw: RawSearch) => Search;
  label: Wording;
  order: number;
  /** Whether it takes the rest of the window's height and scrolls within. */
  fill?: boolean;
  /** Its sign in the palette; a tab without one is not listed there. */
  icon?: LucideIcon;
}

/** The machines that an act is for: these, or everything that a filter matches. */
export type MachineTarget =
  | { kind: "agents"; agents: { id: string; hostname: string }[] }
  | { kind: "filter"; filter: AgentFilter; total: number };

interface MachineActParts {
  label: string;
  icon: LucideIcon;
  order: number;
  needs: string;
}

/** Somewhere to go with one machine: a tab of its page. Only machines that are online have it. */
export interface MachineWay extends MachineActParts {
  /** Its address, with a place for the machine: "/agents/$agentId/…". */
  to: string;
  /** The whole of it, for those who can't see the button: "Open a terminal". */
  name: string;
}

/** Something to do with one machine or many. */
export interface MachineAct extends MachineActParts {
  start: (target: MachineTarget, open: OpenDialog) => void;
}

/** The events whose names begin with a noun: how the activity shows them. */
export interface EventKind {
  noun: string;
  icon: LucideIcon;
  /** The names that one can filter by, in words. */
  names: Record<string, Wording>;
  /** What several events of a name in a row are, after their number: "came online". */
  many?: Record<string, (number: string) => string>;
  /** Colour classes of single events' signs. */
  tones?: Record<string, string>;
  /** The page of what they tell of, with a place for its id, for those who may see it: "/sessions/$sessionId". */
  subject?: { to: string; param: string; needs: string };
}

/** What the palette shows for what was typed, above everything else. */
export interface FinderProps {
  text: string;
  /** Somebody waits for it: no pause before asking. */
  hurry: boolean;
  /** What is shown was found for this text; to be told once it is shown, also when that is nothing. */
  onFound: (text: string) => void;
  /** Closes the palette and goes on. */
  onGo: (act: () => unknown) => void;
}

export interface Feature<
  PublicPages extends readonly Page[] = readonly Page[],
  Pages extends readonly Page[] = readonly Page[],
  Layouts extends readonly Layout[] = readonly Layout[],
  Tabs extends readonly Tab[] = readonly Tab[],
> {
  /** The name of its folder. */
  name: string;
  /** The permissions it is about; whatever the dashboard asks for is declared by one feature. */
  permissions?: readonly string[];
  /** Pages of those who are not signed in. */
  publicPages?: PublicPages;
  pages?: Pages;
  layouts?: Layouts;
  tabs?: Tabs;
  machineWays?: readonly MachineWay[];
  machineActs?: readonly MachineAct[];
  reducers?: readonly LiveReducer[];
  invalidations?: readonly Invalidation[];
  events?: readonly EventKind[];
  /** Below the sections of the sidebar. */
  sidebar?: LazyPart<{ collapsed: boolean }>;
  finder?: LazyPart<FinderProps>;
  /** Keys that lead somewhere from every page where nothing else takes them. */
  hotkeys?: Record<string, { to: string; search?: Record<string, string> }>;
  /** Lines of the help on keys. */
  keys?: readonly (readonly [keys: string, meaning: string])[];
  /** Loads ahead, while the page has nothing else to do, what will be wanted without a moment to lose. */
  preload?: () => Promise<unknown>;
}

/** A feature, with its addresses and what stands in them known to the compiler. */
export function defineFeature<
  const PublicPages extends readonly Page[] = [],
  const Pages extends readonly Page[] = [],
  const Layouts extends readonly Layout[] = [],
  const Tabs extends readonly Tab[] = [],
>(feature: Feature<PublicPages, Pages, Layouts, Tabs>): Feature<PublicPages, Pages, Layouts, Tabs> {
  return feature;
}

export function page<const Path extends string, Search extends object = object>(
  parts: Page<Path, Search>,
): Page<Path, Search> {
  return parts;
}

export function layout<const Name extends string, const Path extends string>(
  parts: Layout<Name, Path>,
): Layout<Name, Path> {
  return parts;
}

export function tab<const Of extends string, const Path extends string, Search extends object = object>(
  parts: Tab<Of, Path, Search>,
): Tab<Of, Path, Search> {
  return parts;
}
