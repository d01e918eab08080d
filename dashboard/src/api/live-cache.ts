/** What the live socket says, merged into the Query caches in place: rows change where they stand, none moves. */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type {
  AgentDetail,
  AgentRow,
  CommandDetail,
  CommandRow,
  EventRow,
  LiveAgent,
  LiveCommand,
  LiveOutput,
  Metrics,
} from "./contract";
import type { List } from "./paths";

export const keys = {
  agentLists: ["agents", "list"] as const,
  agent: (id: string) => ["agents", "detail", id] as const,
  commandLists: ["commands", "list"] as const,
  command: (id: string) => ["commands", "detail", id] as const,
  eventLists: ["events", "list"] as const,
  sessionLists: ["sessions", "list"] as const,
  session: (id: string) => ["sessions", "detail", id] as const,
  overview: ["overview"] as const,
  tree: ["tree"] as const,
  clients: ["clients"] as const,
  sites: ["sites"] as const,
};

type Pages<T> = InfiniteData<List<T>, string | undefined>;

function definedOnly<T extends object>(part: T): Partial<T> {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** The pages with some rows patched; the very same object when no row is concerned, so that nothing renders. */
export function patchPages<T extends { id: string }>(data: Pages<T> | undefined, patches: Map<string, Partial<T>>) {
  if (!data) return data;
  let touched = false;
  const pages = data.pages.map((page) => {
    if (!page.items.some((row) => patches.has(row.id))) return page;
    touched = true;
    return { ...page, items: page.items.map((row) => ({ ...row, ...patches.get(row.id) })) };
  });
  return touched ? { ...data, pages } : data;
}

export function mergeAgents(cache: QueryClient, items: LiveAgent[]): void {
  const patches = new Map<string, Partial<AgentRow>>(items.map((item) => [item.id, definedOnly(item)]));
  cache.setQueriesData<Pages<AgentRow>>({ queryKey: keys.agentLists }, (data) => patchPages(data, patches));
  for (const item of items) {
    cache.setQueryData<AgentDetail>(keys.agent(item.id), (old) => (old ? { ...old, ...definedOnly(item) } : old));
  }
}

export function mergeMetrics(cache: QueryClient, agentId: string, sample: Metrics): void {
  cache.setQueryData<AgentDetail>(keys.agent(agentId), (old) => (old ? { ...old, latest: sample } : old));
}

export function mergeCommand(cache: QueryClient, item: LiveCommand): void {
  const patches = new Map<string, Partial<CommandRow>>([[item.id, definedOnly(item)]]);
  cache.setQueriesData<Pages<CommandRow>>({ queryKey: keys.commandLists }, (data) => patchPages(data, patches));
  cache.setQueryData<CommandDetail>(keys.command(item.id), (old) => (old ? { ...old, ...definedOnly(item) } : old));
}

/** The beginning of what a command says, for lists that show one line of it. */
export function mergeFirstLine(cache: QueryClient, { id, seq, text }: LiveOutput): void {
  const line = text.split("\n").find((each) => each.trim() !== "");
  if (seq !== 0 || line === undefined) return;
  const patches = new Map<string, Partial<CommandRow>>([[id, { first_line: line.trim().slice(0, 200) }]]);
  cache.setQueriesData<Pages<CommandRow>>({ queryKey: keys.commandLists }, (data) => patchPages(data, patches));
}

/** Puts an event on top of the feeds that it belongs to; a feed that already has it stays as it is. */
export function mergeEvent(cache: QueryClient, event: EventRow): void {
  cache.setQueriesData<Pages<EventRow>>({ queryKey: keys.eventLists, predicate: isOpenFeed(event) }, (data) => {
    const first = data?.pages[0];
    if (!data || !first || data.pages.some((page) => page.items.some((row) => row.id === event.id))) return data;
    const page = { ...first, items: [event, ...first.items], total: first.total + 1 };
    return { ...data, pages: [page, ...data.pages.slice(1)] };
  });
}

function isOpenFeed(event: EventRow) {
  return ({ queryKey }: { queryKey: readonly unknown[] }): boolean => {
    const {
      agent_id,
      name,
      search = "",
    } = (queryKey[2] ?? {}) as { agent_id?: string; name?: string; search?: string };
    const text = event.text.toLowerCase();
    return (
      (!agent_id || agent_id === event.agent_id) &&
      (!name || name === event.name) &&
      search
        .toLowerCase()
        .split(/\s+/)
        .every((word) => text.includes(word))
    );
  };
}

export interface OutOfDate {
  /** Numbers and trees: asked for again at once. */
  refetch: readonly (readonly unknown[])[];
  /** Lists: left alone while somebody reads them, read anew when they are next opened. */
  mark: readonly (readonly unknown[])[];
}

/** What an event makes out of date, beyond the rows that are patched in place. */
export function outOfDateAfter({ name }: EventRow): OutOfDate {
  const presence = name === "agent.online" || name === "agent.offline";
  switch (name.split(".")[0]) {
    case "agent":
      return {
        refetch: presence ? [keys.overview, keys.tree] : [keys.overview, keys.tree, keys.sites, keys.clients],
        mark: [keys.agentLists],
      };
    case "command":
      return { refetch: [keys.overview], mark: [keys.commandLists] };
    case "tunnel":
      return { refetch: [keys.overview], mark: [keys.sessionLists] };
    case "site":
    case "client":
      return { refetch: [keys.tree, keys.sites, keys.clients, keys.overview], mark: [] };
    default:
      return { refetch: [], mark: [] };
  }
}
