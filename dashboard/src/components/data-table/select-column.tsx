import type { ColumnDef } from "@tanstack/react-table";
import { Checkbox } from "../checkbox";
import { type Selection, toggled } from "./selection";

/** The column of checkboxes before the rows; its heading selects what is loaded. */
export function selectColumn<T>(
  selection: Selection,
  loadedIds: string[],
  rowName: ((row: T) => string) | undefined,
): ColumnDef<T, unknown> {
  const chosen = loadedIds.filter((id) => selection.ids.has(id)).length;
  return {
    id: "select",
    meta: { className: "w-10 pr-0 md:w-12" },
    header: () => (
      <Checkbox
        label="Select all loaded rows"
        checked={chosen > 0 && chosen === loadedIds.length}
        mixed={chosen > 0 && chosen < loadedIds.length}
        onChange={() => selection.onChange(chosen === loadedIds.length ? new Set() : new Set(loadedIds))}
      />
    ),
    cell: ({ row }) => (
      <Checkbox
        label={`Select ${rowName?.(row.original) ?? "row"}`}
        checked={selection.ids.has(row.id)}
        onChange={() => selection.onChange(toggled(selection.ids, row.id))}
      />
    ),
  };
}
