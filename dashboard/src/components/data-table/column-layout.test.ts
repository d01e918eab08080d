// @vitest-environment jsdom
import type { ColumnDef } from "@tanstack/react-table";
import { act, renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { inOrder, moved, useColumnLayout } from "./column-layout";

type Row = { id: string };
const COLUMNS: ColumnDef<Row, unknown>[] = [
  { id: "name", meta: { pinned: true, width: 240 } },
  { id: "state" },
  { id: "site", meta: { width: 200 } },
  { id: "seen" },
];
const ids = (columns: ColumnDef<Row, unknown>[]) => columns.map(({ id }) => id);

describe("the columns of a table", () => {
  beforeEach(() => localStorage.clear());

  it("are moved, made wider and hidden, and are so again later", () => {
    const { result } = renderHook(() => useColumnLayout("fleet", COLUMNS));
    act(() => result.current.move("seen", "state"));
    act(() => result.current.resize("site", 5000));
    act(() => result.current.resize("state", 1));
    act(() => result.current.hide(new Set(["state"])));
    const again = renderHook(() => useColumnLayout("fleet", COLUMNS)).result.current;
    expect(ids(again.columns)).toEqual(["name", "seen", "site"]);
    expect(COLUMNS.map((column) => again.widthOf(column))).toEqual([240, 56, 800, 120]);
    act(() => result.current.reset());
    expect(ids(result.current.columns)).toEqual(["name", "state", "site", "seen"]);
  });

  it("stand as they were made where what was kept is no layout, or of other columns", () => {
    for (const kept of [
      "{",
      '{"order": 7, "widths": null, "hidden": {}}',
      '{"order": ["gone"], "widths": {"x": "y"}}',
    ]) {
      localStorage.setItem("gururmm.fleet", kept);
      const { result } = renderHook(() => useColumnLayout("fleet", COLUMNS));
      expect(ids(result.current.columns)).toEqual(["name", "state", "site", "seen"]);
    }
  });

  it("keep pinned ones first, wherever somebody wants to put them", () => {
    expect(ids(inOrder(COLUMNS, ["seen", "name", "site"]))[0]).toBe("name");
    expect(moved(["a", "b", "c"], "c", "a")).toEqual(["c", "a", "b"]);
    expect(moved(["a", "b", "c"], "a", null)).toEqual(["b", "c", "a"]);
    expect(moved(["a", "b"], "x", "a")).toEqual(["a", "b"]);
  });
});
