import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/http";
import { keys } from "@/api/keys";

/** Long enough that coming back finds the list as it was; live changes are merged into its rows. */
export const AGENTS_STALE_MS = 60_000;

const FOUND = 8;

/** The first machines that a few letters mean. */
export function foundQuery(search: string) {
  return queryOptions({
    queryKey: [...keys.palette, "machines", search],
    queryFn: async ({ signal }) => {
      const [named, known] = await Promise.all([
        api.get("/agents", { query: { hostname: search, limit: FOUND }, signal }),
        api.get("/agents", { query: { search, limit: FOUND }, signal }),
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
