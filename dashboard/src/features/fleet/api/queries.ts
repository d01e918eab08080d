import type { AgentFilter, AgentRow } from "@/api/contract";
import { keys } from "@/api/live-cache";
import { listQuery } from "@/api/queries";

/** The list stays as it was read until somebody asks for it again; live changes are merged into its rows. */
export function agentsQuery(filter: AgentFilter, sort: string | undefined) {
  return { ...listQuery<AgentRow>(keys.agentLists, "/agents", { ...filter, sort }), staleTime: 60_000 };
}
