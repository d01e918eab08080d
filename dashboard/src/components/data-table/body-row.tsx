import { type Cell, flexRender, type Row } from "@tanstack/react-table";
import { memo, useEffect, useRef } from "react";
import { cn } from "@/lib/cn";
import { Skeleton } from "../states";
import { PINNED, pinnedStyle } from "./pinned";

export interface BodyRowProps<T> {
  row: Row<T>;
  height: number;
  index: number;
  /** Another one where columns are other, or say something else. */
  columns: unknown;
  pinnedAt: (id: string) => number | undefined;
  cursor: boolean;
  marked: boolean;
  selected: boolean;
  onOpen?: (row: T) => void;
  onTouch: (row: T, index: number) => void;
}

const CELL = "px-2 first:pl-4 md:first:pl-6 last:pr-4 md:last:pr-6 border-line/50 border-b";

function BodyRowOf<T>(props: BodyRowProps<T>) {
  const { row, onOpen, onTouch } = props;
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
        const { target } = event;
        if (!(target instanceof Element) || target.closest("button, input, label")) return;
        // Links and text being selected keep their own meaning; the rest of the row opens it.
        const link = target.closest("a") !== null;
        if (!link && window.getSelection()?.toString()) return;
        if (onOpen) onTouch(row.original, props.index);
        if (!link) onOpen?.(row.original);
      }}
      className={cn(
        "group bg-(--row) outline-none [--row:var(--canvas)] hover:[--row:var(--raised)]",
        onOpen && "cursor-pointer",
        (props.selected || props.marked) && "[--row:var(--chosen)] hover:[--row:var(--chosen-hover)]",
        props.cursor && "shadow-[inset_2px_0_0_var(--accent)] [--row:var(--overlay)]",
      )}
    >
      {row.getVisibleCells().map((cell) => (
        <BodyCell key={cell.id} cell={cell} pinnedAt={props.pinnedAt(cell.column.id)} />
      ))}
    </tr>
  );
}

/** Rendered anew only when something of it has changed: scrolling renders the rows that come into sight. */
export const BodyRow = memo(BodyRowOf) as typeof BodyRowOf;

function BodyCell<T>({ cell, pinnedAt }: { cell: Cell<T, unknown>; pinnedAt: number | undefined }) {
  const meta = cell.column.columnDef.meta;
  return (
    <td
      style={pinnedAt === undefined ? undefined : pinnedStyle(pinnedAt)}
      className={cn(
        "overflow-hidden text-ellipsis whitespace-nowrap",
        CELL,
        meta?.className,
        meta?.right && "text-right",
        pinnedAt !== undefined && cn(PINNED, "bg-(--row) group-data-sideways/table:z-[1]"),
      )}
    >
      {flexRender(cell.column.columnDef.cell, cell.getContext())}
    </td>
  );
}

/** A row whose content is on its way. */
export function SkeletonRow({
  columns,
  height,
}: {
  columns: readonly { id?: string; meta?: { className?: string } }[];
  height: number;
}) {
  return (
    <tr aria-hidden="true" style={{ height }}>
      {columns.map((column) => (
        <td key={column.id} className={cn(CELL, column.meta?.className)}>
          <Skeleton className="h-3.5 w-3/4" />
        </td>
      ))}
    </tr>
  );
}
