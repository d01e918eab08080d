import type { AgentFilter } from "@/api/contract";
import { keys } from "@/api/live-cache";
import type { Sort } from "@/api/paths";
import { listQuery } from "@/api/queries";

/** The list stays as it was read until somebody asks for it again; live changes are merged into its rows. */
export function agentsQuery(filter: AgentFilter, sort: Sort<"/agents"> | undefined) {
  return { ...listQuery(keys.agentLists, "/agents", { query: { ...filter, sort } }), staleTime: 60_000 };
}
