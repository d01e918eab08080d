import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import type { AgentRow } from "@/api/contract";
import { keys } from "@/api/keys";
import { mergeAgentRows } from "./live";

const page = <T>(items: T[]) => ({ items, next_cursor: null, total: items.length });
const agent = (id: string, status = "online") => ({ id, status, hostname: id, cpu_percent: 1 }) as AgentRow;

describe("what is heard of machines", () => {
  it("patches rows where they stand and leaves other lists untouched", () => {
    const cache = new QueryClient();
    const near = [...keys.agentLists, { status: "online" }, 0];
    const far = [...keys.agentLists, { status: "offline" }, 0];
    cache.setQueryData(near, page([agent("b"), agent("a"), agent("c")]));
    cache.setQueryData(far, page([agent("z")]));
    const before = cache.getQueryData(far);
    mergeAgentRows(cache, [{ id: "a", status: "offline", cpu_percent: undefined }]);
    const rows = (cache.getQueryData(near) as ReturnType<typeof page<AgentRow>>).items;
    expect(rows.map(({ id, status, cpu_percent }) => [id, status, cpu_percent])).toEqual([
      ["b", "online", 1],
      ["a", "offline", 1],
      ["c", "online", 1],
    ]);
    expect(cache.getQueryData(far)).toBe(before);
  });
});
