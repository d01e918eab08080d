import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import type { EventRow } from "@/api/contract";
import { keys } from "@/api/keys";
import { mergeEvents } from "./live";

const page = <T>(items: T[]) => ({ items, next_cursor: null, total: items.length });
const pages = <T>(...items: T[][]) => ({ pages: items.map(page), pageParams: items.map(() => undefined) });
const event = (id: string, name = "agent.online") => ({ id, name, agent_id: "a", text: id }) as EventRow;

describe("what is heard of events", () => {
  it("stands on top of the feeds it belongs to, once", () => {
    const cache = new QueryClient();
    const all = [...keys.eventLists, {}];
    const other = [...keys.eventLists, { name: "tunnel.opened" }];
    cache.setQueryData(all, pages([event("1")]));
    cache.setQueryData(other, pages([event("0", "tunnel.opened")]));
    const about = (search: string) => [...keys.eventLists, { search }];
    cache.setQueryData(about("NW-1 online"), pages([event("0")]));
    cache.setQueryData(about("nw-2"), pages([event("0")]));
    for (const _ of [1, 2]) mergeEvents(cache, [{ ...event("2"), text: "nw-1 came online." }]);
    const ids = (key: readonly unknown[]) =>
      (cache.getQueryData(key) as ReturnType<typeof pages<EventRow>>).pages[0]?.items.map(({ id }) => id);
    expect(ids(all)).toEqual(["2", "1"]);
    expect(ids(other)).toEqual(["0"]);
    expect(ids(about("NW-1 online"))).toEqual(["2", "0"]);
    expect(ids(about("nw-2"))).toEqual(["0"]);
  });
});
