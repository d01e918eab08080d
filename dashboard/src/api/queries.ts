import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import type { AgentDetail, List, Tree } from "./contract";
import { isPassing } from "./errors";
import { api, type Query } from "./http";
import { keys } from "./live-cache";

export const PAGE_SIZE = 100;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // "always": without a network a question fails and says so, and an act is never kept to be carried out later.
      queries: {
        networkMode: "always",
        staleTime: 15_000,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => isPassing(error) && count < 2,
        retryDelay: (count) => Math.min(4000, 500 * 2 ** count),
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}

/** A list read page by page with the server's cursor; `key` starts with the list's noun so that acts can invalidate it. */
export function listQuery<T>(key: readonly unknown[], path: string, query: Query, limit = PAGE_SIZE) {
  return infiniteQueryOptions({
    queryKey: [...key, query] as const,
    queryFn: ({ pageParam, signal }) => api.get<List<T>>(path, { ...query, limit, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: List<T>) => last.next_cursor ?? undefined,
    placeholderData: (previous) => previous,
  });
}

/** All Clients with their Sites: the tree, and whatever lets one choose from them. */
export const treeQuery = queryOptions({
  queryKey: keys.tree,
  queryFn: ({ signal }) => api.get<Tree>("/tree", undefined, signal),
});

export function agentQuery(agentId: string) {
  return queryOptions({
    queryKey: keys.agent(agentId),
    queryFn: ({ signal }) => api.get<AgentDetail>(`/agents/${agentId}`, undefined, signal),
  });
}

/** The rows of all loaded pages. */
export function rowsOf<T>(data: { pages: List<T>[] } | undefined): T[] {
  return data?.pages.flatMap((page) => page.items) ?? [];
}

export function totalOf<T>(data: { pages: List<T>[] } | undefined): number | null {
  return data?.pages[0]?.total ?? null;
}
