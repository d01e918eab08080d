import type { QueryClient } from "@tanstack/react-query";
import type { EventRow } from "@/api/contract";
import { keys } from "@/api/keys";
import { type Invalidation, reducer } from "@/api/live-contribution";
import type { Pages } from "@/api/pages";
import { foldText } from "@/lib/fold-text";

/** Puts events on top of the feeds that they belong to; a feed that already has one stays as it is. */
export function mergeEvents(cache: QueryClient, events: readonly EventRow[]): void {
  for (const event of events) {
    cache.setQueriesData<Pages<EventRow>>({ queryKey: keys.eventLists, predicate: isFeedOf(event) }, (data) => {
      const first = data?.pages[0];
      if (!data || !first || data.pages.some((page) => page.items.some((row) => row.id === event.id))) return data;
      const page = { ...first, items: [event, ...first.items], total: first.total + 1 };
      return { ...data, pages: [page, ...data.pages.slice(1)] };
    });
  }
}

function isFeedOf(event: EventRow) {
  return ({ queryKey }: { queryKey: readonly unknown[] }): boolean => {
    const {
      agent_id,
      name,
      search = "",
    } = (queryKey[2] ?? {}) as { agent_id?: string; name?: string; search?: string };
    const text = foldText(event.text);
    return (
      (!agent_id || agent_id === event.agent_id) &&
      (!name || name === event.name) &&
      foldText(search)
        .split(/\s+/)
        .every((word) => text.includes(word))
    );
  };
}

export const reducers = [reducer({ on: "event", things: ({ item }) => [item], merge: mergeEvents })];

export const invalidations: Invalidation[] = [
  { after: ["agent", "command", "tunnel", "site", "client"], refetch: [keys.overview] },
  { after: ["command.completed"], refetch: [keys.failedRuns] },
];
