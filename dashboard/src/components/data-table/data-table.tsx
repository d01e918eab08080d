import "./columns";
import { type ColumnDef, flexRender, getCoreRowModel, type Row, useReactTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { cn } from "@/lib/cn";
import { useNarrow } from "@/lib/use-media";
import { Skeleton } from "../states";
import { HeaderCell } from "./header-cell";
import { selectColumn } from "./select-column";
import { type Selection, toggled } from "./selection";
import { useRowKeys } from "./use-row-keys";

/** `S`: the names that the list can be sorted by; its columns name no others. */
export interface DataTableProps<T, S extends string = string> {
  /** The table's accessible name. */
  name: string;
  rows: T[];
  total?: number | null;
  columns: ColumnDef<T, unknown>[];
  rowId: (row: T) => string;
  /** What a row is called by the checkbox before it. */
  rowName?: (row: T) => string;
  loading?: boolean;
  /** A note in place of rows: nothing there, nothing found, an error. */
  instead?: ReactNode;
  sort?: S;
  onSort?: (sort: S | undefined) => void;
  onEnd?: () => void;
  fetchingMore?: boolean;
  onOpen?: (row: T) => void;
  onPeek?: (row: T | undefined) => void;
  onEscape?: () => void;
  onVisible?: (ids: string[]) => void;
  marked?: string;
  selection?: Selection;
  className?: string;
}

const ROW_HEIGHT = 36;
const NARROW_ROW_HEIGHT = 56;
const SKELETON_ROWS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

/** One table for every list: rows on the screen only, sorting by the server, j/k/x/enter/space/esc, pages fetched near the end. */
export function DataTable<T, S extends string = string>(props: DataTableProps<T, S>) {
  const { rows, columns, rowId, selection, loading, instead, onVisible, onEnd } = props;
  const narrow = useNarrow();
  const scroller = useRef<HTMLDivElement>(null);
  const ids = useMemo(() => rows.map(rowId), [rows, rowId]);
  const withSelect = useMemo(
    () => (selection ? [selectColumn<T>(selection, ids, props.rowName), ...columns] : columns),
    [selection, ids, columns, props.rowName],
  );
  const table = useReactTable({ data: rows, columns: withSelect, getRowId: rowId, getCoreRowModel: getCoreRowModel() });
  const tableRows = table.getRowModel().rows;
  const height = narrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
  const virtual = useVirtualizer({
    count: tableRows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the row height is what changed, not the virtualizer
  useEffect(() => virtual.measure(), [height]);
  const shown = virtual.getVirtualItems();
  const byId = (id: string) => rows[ids.indexOf(id)];
  const toggle = (id: string) => selection?.onChange(toggled(selection.ids, id));
  const { onOpen, onPeek } = props;
  const keys = useRowKeys({
    peeking: props.marked !== undefined,
    ids,
    active: !loading,
    onOpen: onOpen && ((id) => withRow(byId(id), onOpen)),
    onPeek: onPeek && ((id) => onPeek(id === undefined ? undefined : byId(id))),
    onToggle: selection && toggle,
    onEscape: props.onEscape,
  });
  useEffect(() => {
    const at = keys.cursor === null ? -1 : ids.indexOf(keys.cursor);
    if (at >= 0) virtual.scrollToIndex(at);
  }, [keys.cursor, ids, virtual]);
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? -1;
  useEffect(() => {
    onVisible?.(ids.slice(first, last + 1));
    if (last >= ids.length - 25 && ids.length > 0) onEnd?.();
  }, [first, last, ids, onVisible, onEnd]);

  const above = shown[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <div ref={scroller} className={cn("@container relative min-h-0 flex-1 overflow-auto", props.className)}>
      <table
        aria-label={props.name}
        aria-rowcount={props.total ?? rows.length}
        aria-busy={loading}
        className="w-full table-fixed border-separate border-spacing-0 text-sm"
      >
        <thead className="sticky top-0 z-10">
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <HeaderCell key={header.id} header={header} sort={props.sort} onSort={props.onSort} />
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {loading && SKELETON_ROWS.map((key) => <SkeletonRow key={key} columns={withSelect} height={height} />)}
          {!loading && above > 0 && <tr aria-hidden="true" style={{ height: above }} />}
          {!loading &&
            shown.map((item) => {
              const row = tableRows[item.index];
              return row ? (
                <BodyRow
                  key={row.id}
                  row={row}
                  height={height}
                  index={item.index}
                  cursor={keys.cursor === row.id}
                  marked={props.marked === row.id}
                  selected={selection?.ids.has(row.id) ?? false}
                  onOpen={onOpen && (() => onOpen(row.original))}
                />
              ) : null;
            })}
          {!loading && below > 0 && <tr aria-hidden="true" style={{ height: below }} />}
          {props.fetchingMore && <SkeletonRow columns={withSelect} height={height} />}
        </tbody>
      </table>
      {!loading && rows.length === 0 && instead}
    </div>
  );
}

function BodyRow<T>(props: {
  row: Row<T>;
  height: number;
  index: number;
  cursor: boolean;
  marked: boolean;
  selected: boolean;
  onOpen?: () => void;
}) {
  const { row, onOpen } = props;
  const element = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (props.cursor) element.current?.focus({ preventScroll: true });
  }, [props.cursor]);
  return (
    <tr
      ref={element}
      tabIndex={-1}
      aria-rowindex={props.index + 1}
      aria-selected={props.selected || props.marked || undefined}
      style={{ height: props.height }}
      onClick={(event) => {
        // Links, buttons and text being selected keep their own meaning; the rest of the row opens it.
        if ((event.target as HTMLElement).closest("a, button, input, label") || window.getSelection()?.toString())
          return;
        onOpen?.();
      }}
      className={cn(
        "group outline-none hover:bg-raised",
        onOpen && "cursor-pointer",
        (props.selected || props.marked) && "bg-accent/8 hover:bg-accent/12",
        props.cursor && "bg-overlay shadow-[inset_2px_0_0_var(--accent)]",
      )}
    >
      {row.getVisibleCells().map((cell) => {
        const meta = cell.column.columnDef.meta;
        return (
          <td
            key={cell.id}
            className={cn(
              "overflow-hidden text-ellipsis whitespace-nowrap border-line/50 border-b px-2 first:pl-4 md:first:pl-6 last:pr-4 md:last:pr-6",
              meta?.className,
              meta?.right && "text-right",
            )}
          >
            {flexRender(cell.column.columnDef.cell, cell.getContext())}
          </td>
        );
      })}
    </tr>
  );
}

function SkeletonRow<T>({ columns, height }: { columns: ColumnDef<T, unknown>[]; height: number }) {
  return (
    <tr aria-hidden="true" style={{ height }}>
      {columns.map((column) => (
        <td
          key={column.id}
          className={cn(
            "border-line/50 border-b px-2 first:pl-4 md:first:pl-6 last:pr-4 md:last:pr-6",
            column.meta?.className,
          )}
        >
          <Skeleton className="h-3.5 w-3/4" />
        </td>
      ))}
    </tr>
  );
}

function withRow<T>(row: T | undefined, act: (row: T) => void): void {
  if (row !== undefined) act(row);
}
