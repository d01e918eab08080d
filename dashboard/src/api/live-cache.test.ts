import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import type { AgentRow, EventRow } from "./contract";
import { keys, mergeAgents, mergeEvent, outOfDateAfter } from "./live-cache";

const page = <T>(items: T[]) => ({ items, next_cursor: null, total: items.length });
const pages = <T>(...items: T[][]) => ({ pages: items.map(page), pageParams: items.map(() => undefined) });
const agent = (id: string, status = "online") => ({ id, status, hostname: id, cpu_percent: 1 }) as AgentRow;
const event = (id: string, name = "agent.online", agentId = "a") =>
  ({ id, name, agent_id: agentId, text: id }) as EventRow;

describe("live cache", () => {
  it("patches rows where they stand and leaves other lists untouched", () => {
    const cache = new QueryClient();
    const near = [...keys.agentLists, { status: "online" }];
    const far = [...keys.agentLists, { status: "offline" }];
    cache.setQueryData(near, pages([agent("b"), agent("a")], [agent("c")]));
    cache.setQueryData(far, pages([agent("z")]));
    const before = cache.getQueryData(far);
    mergeAgents(cache, [{ id: "a", status: "offline", cpu_percent: undefined }]);
    const rows = (cache.getQueryData(near) as ReturnType<typeof pages<AgentRow>>).pages.flatMap((each) => each.items);
    expect(rows.map(({ id, status, cpu_percent }) => [id, status, cpu_percent])).toEqual([
      ["b", "online", 1],
      ["a", "offline", 1],
      ["c", "online", 1],
    ]);
    expect(cache.getQueryData(far)).toBe(before);
  });

  it("puts an event on top of the feeds it belongs to, once", () => {
    const cache = new QueryClient();
    const all = [...keys.eventLists, {}];
    const other = [...keys.eventLists, { name: "tunnel.opened" }];
    cache.setQueryData(all, pages([event("1")]));
    cache.setQueryData(other, pages([event("0", "tunnel.opened")]));
    const about = (search: string) => [...keys.eventLists, { search }];
    cache.setQueryData(about("NW-1 online"), pages([event("0")]));
    cache.setQueryData(about("nw-2"), pages([event("0")]));
    for (const _ of [1, 2]) mergeEvent(cache, { ...event("2"), text: "nw-1 came online." });
    const ids = (key: readonly unknown[]) =>
      (cache.getQueryData(key) as ReturnType<typeof pages<EventRow>>).pages[0]?.items.map(({ id }) => id);
    expect(ids(all)).toEqual(["2", "1"]);
    expect(ids(other)).toEqual(["0"]);
    expect(ids(about("NW-1 online"))).toEqual(["2", "0"]);
    expect(ids(about("nw-2"))).toEqual(["0"]);
  });

  it("leaves a list alone that somebody may be reading", () => {
    const { refetch, mark } = outOfDateAfter(event("1", "command.queued"));
    expect(refetch).toEqual([keys.overview]);
    expect(mark).toEqual([keys.commandLists]);
  });
});
