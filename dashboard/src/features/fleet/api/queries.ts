import { queryOptions } from "@tanstack/react-query";
import type { SavedView } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { api } from "@/api/http";
import { keys } from "@/api/keys";
import type { BodyOf } from "@/api/paths";
import { MOST_SEARCHED } from "@/lib/search-params";

/** Long enough that coming back finds the list as it was; live changes are merged into its rows. */
export const AGENTS_STALE_MS = 60_000;

const FOUND = 8;

/** By what machines can be searched; it changes with the server alone. */
export const searchFieldsQuery = queryOptions({
  queryKey: ["search", "fields"],
  queryFn: ({ signal }) => api.get("/search/fields", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

/** The first machines that a query means; what cannot be read as one is words. */
async function meant(text: string, signal: AbortSignal) {
  try {
    return await api.get("/agents", { query: { q: text, limit: FOUND }, signal });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "invalid_query") throw error;
    return api.get("/agents", { query: { search: text.slice(0, MOST_SEARCHED), limit: FOUND }, signal });
  }
}

/** The first machines that a few letters mean. */
export function foundQuery(search: string) {
  return queryOptions({
    queryKey: [...keys.palette, "machines", search],
    queryFn: async ({ signal }) => {
      const [named, known] = await Promise.all([
        api.get("/agents", { query: { hostname: search, limit: FOUND }, signal }),
        meant(search, signal),
      ]);
      // Whoever types a whole name and presses enter means that machine, not one that is known by it some other way;
      // of two that share it, the one that is there.
      const called = [...named.items].sort((a, b) => Number(b.status === "online") - Number(a.status === "online"));
      const others = known.items.filter((agent) => !named.items.some(({ id }) => id === agent.id));
      return { ...known, items: [...called, ...others].slice(0, FOUND) };
    },
    enabled: search !== "",
    placeholderData: (previous) => previous,
  });
}

/** What a saved view is of. */
export type Seen = Pick<SavedView, "query" | "sort" | "columns">;

/** One's own saved views, and those that others share. */
export const viewsQuery = queryOptions({
  queryKey: ["views"],
  queryFn: ({ signal }) => api.get("/views", { signal }),
});

export const viewActs = {
  save: (body: BodyOf<"/views", "post">) => api.post("/views", { body }),
  change: (id: string, body: BodyOf<"/views/{view_id}", "patch">) =>
    api.patch("/views/{view_id}", { path: { view_id: id }, body }),
  delete: (id: string) => api.delete("/views/{view_id}", { path: { view_id: id } }),
};
