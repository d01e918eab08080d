import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/http";
import { keys } from "@/api/keys";
import type { QueryOf } from "@/api/paths";
import { listQuery } from "@/api/queries";

export const overviewQuery = queryOptions({
  queryKey: keys.overview,
  queryFn: ({ signal }) => api.get("/overview", { signal }),
  refetchInterval: 30_000,
});

export const failedRunsQuery = queryOptions({
  queryKey: keys.failedRuns,
  queryFn: ({ signal }) => api.get("/commands/failed-runs", { signal }),
});

export function eventsQuery(filter: QueryOf<"/events">, limit?: number) {
  return listQuery(keys.eventLists, "/events", { query: { ...filter } }, limit);
}
