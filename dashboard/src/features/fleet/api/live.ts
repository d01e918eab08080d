import type { QueryClient } from "@tanstack/react-query";
import type { AgentRow } from "@/api/contract";
import { keys } from "@/api/keys";
import { type Invalidation, reducer } from "@/api/live-contribution";
import { patchesOf, patchPage } from "@/api/pages";
import type { List } from "@/api/paths";

/** What changed of a machine; what is left out stands as before. */
type LiveAgent = Pick<AgentRow, "id" | "status"> &
  Partial<Pick<AgentRow, "last_seen" | "cpu_percent" | "memory_percent" | "disk_percent" | "online_since">>;

declare module "@/api/live-contribution" {
  interface LiveMessages {
    agents: { items: LiveAgent[] };
  }
}

export function mergeAgentRows(cache: QueryClient, agents: readonly LiveAgent[]): void {
  const patches = patchesOf<AgentRow>(agents);
  cache.setQueriesData<List<AgentRow>>({ queryKey: keys.agentLists }, (page) => page && patchPage(page, patches));
}

export const reducers = [
  reducer({ on: "agents", things: ({ items }) => items, merge: mergeAgentRows, answers: "agents" }),
];

export const invalidations: Invalidation[] = [
  { after: ["agent"], mark: [keys.agentLists] },
  { after: ["agent", "site", "client"], refetch: [keys.tree] },
];
