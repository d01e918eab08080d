import { queryOptions } from "@tanstack/react-query";
import type { TechSession } from "@/api/contract";
import { api, type Query, requestText } from "@/api/http";
import { keys } from "@/api/live-cache";
import { listQuery } from "@/api/queries";

export function sessionsQuery(filter: Query) {
  return listQuery<TechSession>(keys.sessionLists, "/tunnel/sessions", filter);
}

export function sessionQuery(id: string) {
  return queryOptions({
    queryKey: keys.session(id),
    queryFn: ({ signal }) => api.get<TechSession>(`/tunnel/status/${id}`, undefined, signal),
    refetchInterval: ({ state }) => (state.data?.status === "closed" ? false : 10_000),
  });
}

export function recordingQuery(id: string) {
  return queryOptions({
    queryKey: ["sessions", "recording", id],
    queryFn: ({ signal }) => requestText(`/tunnel/sessions/${id}/recording`, { signal }),
    staleTime: 60_000,
    retry: false,
  });
}

export function endSession(id: string): Promise<TechSession> {
  return api.post(`/tunnel/close/${id}`);
}
