import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/http";
import type { QueryOf } from "@/api/paths";
import { listQuery } from "@/api/queries";
import type { OverviewSearch } from "../search";

const PROCESSES_EVERY_MS = 5000;

export function metricsQuery(agentId: string, { range = "1h", from, to }: OverviewSearch) {
  const brushed = from !== undefined && to !== undefined;
  const query: QueryOf<"/agents/{agent_id}/metrics"> = brushed
    ? { from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString() }
    : { range };
  return queryOptions({
    queryKey: ["agents", "metrics", agentId, query],
    queryFn: ({ signal }) => api.get("/agents/{agent_id}/metrics", { path: { agent_id: agentId }, query, signal }),
    refetchInterval: brushed ? false : range === "1h" ? 60_000 : 300_000,
    placeholderData: (previous, before) => (before?.queryKey[2] === agentId ? previous : undefined),
  });
}

/** The newest events of a machine, to mark them on its charts. */
export function marksQuery(agentId: string) {
  return queryOptions({
    queryKey: ["events", "marks", agentId],
    queryFn: ({ signal }) => api.get("/events", { query: { agent_id: agentId, limit: 200 }, signal }),
    staleTime: 60_000,
  });
}

export function processesQuery(agentId: string, live: boolean) {
  return queryOptions({
    queryKey: ["agents", "processes", agentId],
    queryFn: ({ signal }) =>
      api.get("/agents/{agent_id}/processes", { path: { agent_id: agentId }, query: { sort: "-cpu" }, signal }),
    refetchInterval: live ? PROCESSES_EVERY_MS : false,
    staleTime: 0,
    retry: false,
  });
}

export function foldersQuery(agentId: string, path: string) {
  return queryOptions({
    queryKey: ["agents", "folders", agentId, path],
    queryFn: ({ signal }) =>
      api.get("/agents/{agent_id}/folders", { path: { agent_id: agentId }, query: { path }, signal }),
    staleTime: 5 * 60_000,
    retry: false,
  });
}

export function softwareQuery(agentId: string, query: QueryOf<"/agents/{agent_id}/software">) {
  const path = { agent_id: agentId };
  return listQuery(["agents", "software", agentId], "/agents/{agent_id}/software", { path, query }, 200);
}

export function changesQuery(agentId: string, query: QueryOf<"/agents/{agent_id}/changes">) {
  return listQuery(["agents", "changes", agentId], "/agents/{agent_id}/changes", {
    path: { agent_id: agentId },
    query,
  });
}

export const moveAgent = (agentId: string, siteId: string) =>
  api.patch("/agents/{agent_id}", { path: { agent_id: agentId }, body: { site_id: siteId } });

export const deleteAgent = (agentId: string, uninstall: boolean) =>
  api.delete("/agents/{agent_id}", { path: { agent_id: agentId }, query: { uninstall } });

/** Which machine it goes on as; null keeps both. Answers the machine that there is then. */
export const decideFormer = (agentId: string, goOnAs: string | null) =>
  api.post("/agents/{agent_id}/former", { path: { agent_id: agentId }, body: { go_on_as: goOnAs } });

/** Which copy makes a key of its own; null says that only one machine is left. */
export const decideDoubles = (agentId: string, ownKey: string | null) =>
  api.post("/agents/{agent_id}/doubles", { path: { agent_id: agentId }, body: { own_key: ownKey } });
