import { queryOptions } from "@tanstack/react-query";
import type { AgentDetail, AgentFilter, AgentRow, Tree } from "@/api/contract";
import { api } from "@/api/http";
import { keys } from "@/api/live-cache";
import { listQuery } from "@/api/queries";

/** The list stays as it was read until somebody asks for it again; live changes are merged into its rows. */
export function agentsQuery(filter: AgentFilter, sort: string | undefined) {
  return { ...listQuery<AgentRow>(keys.agentLists, "/agents", { ...filter, sort }), staleTime: 60_000 };
}

export const treeQuery = queryOptions({
  queryKey: keys.tree,
  queryFn: ({ signal }) => api.get<Tree>("/tree", undefined, signal),
});

export function peekQuery(agentId: string) {
  return queryOptions({
    queryKey: keys.agent(agentId),
    queryFn: ({ signal }) => api.get<AgentDetail>(`/agents/${agentId}`, undefined, signal),
  });
}
