import { queryOptions } from "@tanstack/react-query";
import type { EventRow, Overview } from "@/api/contract";
import { api } from "@/api/http";
import { keys } from "@/api/live-cache";
import { listQuery } from "@/api/queries";

export const overviewQuery = queryOptions({
  queryKey: keys.overview,
  queryFn: ({ signal }) => api.get<Overview>("/overview", undefined, signal),
  refetchInterval: 30_000,
});

export function eventsQuery(filter: { search?: string; name?: string; agent_id?: string }, limit?: number) {
  return listQuery<EventRow>(keys.eventLists, "/events", { ...filter }, limit);
}
