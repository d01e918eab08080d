import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import { isPassing } from "./errors";
import { api } from "./http";
import { keys } from "./keys";
import type { List, ListPath, RequestOf, RowOf } from "./paths";

const PAGE_SIZE = 100;

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

/** Reads one page. A request's type can't be put together from parts while it is not known which list's it is. */
export function readPage<T>(path: ListPath, request: object): Promise<List<T>> {
  return (api.get as (path: string, request: object) => Promise<unknown>)(path, request) as Promise<List<T>>;
}

/** A list read page by page with the server's cursor; `key` starts with the list's noun so that acts can invalidate it. */
export function listQuery<P extends ListPath>(
  key: readonly unknown[],
  path: P,
  asked: Omit<RequestOf<P, "get">, "signal">,
  limit = PAGE_SIZE,
) {
  const { query = {}, ...rest } = asked as { query?: Record<string, unknown> };
  return infiniteQueryOptions({
    queryKey: [...key, query] as const,
    queryFn: ({ pageParam, signal }) => {
      const request = { ...rest, query: { ...query, limit, cursor: pageParam }, signal };
      return readPage<RowOf<P>>(path, request);
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: List<RowOf<P>>) => last.next_cursor ?? undefined,
    placeholderData: (previous) => previous,
  });
}

/** All Clients with their Sites: the tree, and whatever lets one choose from them. */
export const treeQuery = queryOptions({
  queryKey: keys.tree,
  queryFn: ({ signal }) => api.get("/tree", { signal }),
});

/** One's own tech sessions that are open, in whichever tab or in none. */
export const ownSessionsQuery = queryOptions({
  queryKey: keys.ownSessions,
  queryFn: ({ signal }) => api.get("/tunnel/own", { signal }),
});

export function agentQuery(agentId: string) {
  return queryOptions({
    queryKey: keys.agent(agentId),
    queryFn: ({ signal }) => api.get("/agents/{agent_id}", { path: { agent_id: agentId }, signal }),
  });
}

/** The rows of all loaded pages. */
export function rowsOf<T>(data: { pages: List<T>[] } | undefined): T[] {
  return data?.pages.flatMap((page) => page.items) ?? [];
}

export function totalOf<T>(data: { pages: List<T>[] } | undefined): number | null {
  return data?.pages[0]?.total ?? null;
}
