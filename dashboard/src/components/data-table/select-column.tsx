import type { ColumnDef } from "@tanstack/react-table";
import { count } from "@/lib/format";
import { Checkbox } from "../checkbox";
import type { Selection } from "./selection";

/** The column of checkboxes before the rows; its heading chooses the whole list. With Shift, a whole stretch. */
export function selectColumn<T>(
  selection: Selection<T>,
  total: number,
  rowName: ((row: T) => string) | undefined,
): ColumnDef<T, unknown> {
  return {
    id: "select",
    meta: { className: "w-10 pr-0 md:w-12", width: 48, pinned: true },
    header: () => (
      <Checkbox
        label={`Select all ${count(total)} rows`}
        checked={selection.all}
        mixed={!selection.all && selection.size > 0}
        onChange={selection.onAll}
      />
    ),
    cell: ({ row }) => (
      <Checkbox
        label={`Select ${rowName?.(row.original) ?? "row"}`}
        checked={selection.has(row.id)}
        onChange={(_, range) => selection.onToggle(row.original, row.index, range)}
      />
    ),
  };
}
