import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/http";
import { keys } from "@/api/keys";
import type { QueryOf } from "@/api/paths";
import { listQuery } from "@/api/queries";

export function sessionsQuery(query: QueryOf<"/tunnel/sessions">) {
  return listQuery(keys.sessionLists, "/tunnel/sessions", { query });
}

export function sessionQuery(id: string) {
  return queryOptions({
    queryKey: keys.session(id),
    queryFn: ({ signal }) => api.get("/tunnel/status/{session_id}", { path: { session_id: id }, signal }),
    refetchInterval: ({ state }) => (state.data?.status === "closed" ? false : 10_000),
  });
}

export function recordingQuery(id: string) {
  return queryOptions({
    queryKey: ["sessions", "recording", id],
    queryFn: ({ signal }) => api.text("/tunnel/sessions/{session_id}/recording", { path: { session_id: id }, signal }),
    staleTime: 60_000,
    retry: false,
  });
}

export const endSession = (id: string) => api.post("/tunnel/close/{session_id}", { path: { session_id: id } });
