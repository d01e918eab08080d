import { queryOptions } from "@tanstack/react-query";
import type { AgentDetail, ChangeRow, FolderList, MetricHistory, ProcessList, SoftwareRow } from "@/api/contract";
import { api, type Query } from "@/api/http";
import { listQuery } from "@/api/queries";
import type { OverviewSearch } from "../search";

const PROCESSES_EVERY_MS = 5000;

export function metricsQuery(agentId: string, { range = "1h", from, to }: OverviewSearch) {
  const brushed = from !== undefined && to !== undefined;
  const query: Query = brushed
    ? { from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString() }
    : { range };
  return queryOptions({
    queryKey: ["agents", "metrics", agentId, query],
    queryFn: ({ signal }) => api.get<MetricHistory>(`/agents/${agentId}/metrics`, query, signal),
    refetchInterval: brushed ? false : range === "1h" ? 60_000 : 300_000,
    placeholderData: (previous, before) => (before?.queryKey[2] === agentId ? previous : undefined),
  });
}

export function processesQuery(agentId: string, live: boolean) {
  return queryOptions({
    queryKey: ["agents", "processes", agentId],
    queryFn: ({ signal }) => api.get<ProcessList>(`/agents/${agentId}/processes`, { sort: "-cpu" }, signal),
    refetchInterval: live ? PROCESSES_EVERY_MS : false,
    staleTime: 0,
    retry: false,
  });
}

export function foldersQuery(agentId: string, path: string) {
  return queryOptions({
    queryKey: ["agents", "folders", agentId, path],
    queryFn: ({ signal }) => api.get<FolderList>(`/agents/${agentId}/folders`, { path }, signal),
    staleTime: 5 * 60_000,
    retry: false,
  });
}

export function softwareQuery(agentId: string, filter: Query) {
  return listQuery<SoftwareRow>(["agents", "software", agentId], `/agents/${agentId}/software`, filter, 200);
}

export function changesQuery(agentId: string, filter: Query) {
  return listQuery<ChangeRow>(["agents", "changes", agentId], `/agents/${agentId}/changes`, filter);
}

export function moveAgent(agentId: string, siteId: string): Promise<AgentDetail> {
  return api.patch(`/agents/${agentId}`, { site_id: siteId });
}

export function deleteAgent(agentId: string): Promise<void> {
  return api.delete(`/agents/${agentId}`);
}
