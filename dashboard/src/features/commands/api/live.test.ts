import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import type { CommandDetail, CommandRow } from "@/api/contract";
import { keys } from "@/api/keys";
import { mergeCommands, mergeLines } from "./live";

const list = [...keys.commandLists, {}];
const row = (id: string) => ({ id, status: "queued", first_line: null, last_line: null }) as CommandRow;
const rowsIn = (cache: QueryClient) => cache.getQueryData<{ pages: { items: CommandRow[] }[] }>(list)?.pages[0]?.items;

function setUp() {
  const cache = new QueryClient();
  cache.setQueryData(list, { pages: [{ items: [row("c"), row("d")], next_cursor: null, total: 2 }], pageParams: [] });
  cache.setQueryData(keys.command("c"), { ...row("c"), stdout: "kept" } as CommandDetail);
  return cache;
}

describe("what is heard of commands", () => {
  it("changes their row and their page, and no others", () => {
    const cache = setUp();
    mergeCommands(cache, [{ id: "c", agent_id: "a", status: "succeeded", exit_code: 0 }]);
    expect(rowsIn(cache)?.map(({ status }) => status)).toEqual(["succeeded", "queued"]);
    expect(cache.getQueryData(keys.command("c"))).toMatchObject({ status: "succeeded", exit_code: 0, stdout: "kept" });
    expect(cache.getQueryData(keys.command("d"))).toBeUndefined();
  });

  it("shows the first line that says something, and only the beginning of the output can hold it", () => {
    const cache = setUp();
    mergeLines(cache, { id: "c", seq: 0, stream: "stdout", text: "\n  hello \nworld", skipped: 0 });
    mergeLines(cache, { id: "d", seq: 1, stream: "stdout", text: "too late", skipped: 0 });
    expect(rowsIn(cache)?.map(({ first_line }) => first_line)).toEqual(["hello", null]);
    mergeLines(cache, { id: "d", seq: 2, stream: "stderr", text: "warning\nE: no such package\n\n", skipped: 0 });
    expect(rowsIn(cache)?.map(({ last_line }) => last_line)).toEqual([null, "E: no such package"]);
  });
});
