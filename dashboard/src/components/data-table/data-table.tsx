import "./columns";
import { type ColumnDef, createRow, getCoreRowModel, type Row, useReactTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useCallback, useEffect, useMemo, useRef } from "react";
import { cn } from "@/lib/cn";
import { useNarrow } from "@/lib/use-media";
import { useScrollPlace } from "@/lib/use-place";
import { BodyRow, SkeletonRow } from "./body-row";
import type { LaidOut } from "./column-layout";
import { HeaderCell } from "./header-cell";
import { selectColumn } from "./select-column";
import type { Selection } from "./selection";
import { useRowKeys } from "./use-row-keys";

/** `S`: the names that the list can be sorted by; its columns name no others. */
export interface DataTableProps<T, S extends string = string> {
  /** The table's accessible name. */
  name: string;
  /** How many rows the list has, loaded or not. */
  count: number;
  /** A row by its place; undefined where it is not loaded. */
  rowAt: (index: number) => T | undefined;
  indexOf: (id: string) => number;
  /** What the list says it has beyond `count`. */
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
  /** The first and the last row on the screen. */
  onLook?: (first: number, last: number) => void;
  marked?: string;
  selection?: Selection<T>;
  /** Lets columns be moved and made wider, and the table be scrolled sideways; not on a phone. */
  laidOut?: LaidOut<T>;
  /** Another one for another list, which begins at its top. */
  listName?: string;
  className?: string;
}

const ROW_HEIGHT = 36;
const NARROW_ROW_HEIGHT = 56;
const SKELETON_ROWS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
const NO_ROWS: never[] = [];

/** One table for every list: rows on the screen only, sorting by the server, j/k/x/enter/space/esc, rows fetched as they are needed. */
export function DataTable<T, S extends string = string>(props: DataTableProps<T, S>) {
  const { count, rowAt, indexOf, rowId, selection, loading, instead, onVisible, onLook, onEnd } = props;
  const narrow = useNarrow();
  const laidOut = narrow ? undefined : props.laidOut;
  const scroller = useRef<HTMLDivElement>(null);
  const withSelect = useMemo(
    () =>
      selection ? [selectColumn<T>(selection, props.total ?? count, props.rowName), ...props.columns] : props.columns,
    [selection, count, props.total, props.columns, props.rowName],
  );
  const table = useReactTable<T>({ data: NO_ROWS, columns: withSelect, getCoreRowModel: getCoreRowModel() });
  const rowOf = useRowObjects(table, withSelect, rowId);
  const height = narrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 6,
    useFlushSync: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the row height is what changed, not the virtualizer
  useEffect(() => virtual.measure(), [height]);
  useScrollPlace(props.name, scroller, count > 0);
  useTopOfAnother(props.listName, scroller);
  const shown = virtual.getVirtualItems();
  const { onOpen, onPeek } = props;
  const byId = (id: string) => rowAt(indexOf(id));
  const keys = useRowKeys({
    name: props.name,
    peeking: props.marked !== undefined,
    count,
    idAt: (index) => withRow(rowAt(index), rowId),
    indexOf,
    active: !loading,
    onOpen: onOpen && ((id) => withRow(byId(id), onOpen)),
    onPeek: onPeek && ((id) => onPeek(id === undefined ? undefined : byId(id))),
    onToggle: selection && ((id) => withRow(byId(id), (row) => selection.onToggle(row, indexOf(id), false))),
    onEscape: props.onEscape,
  });
  useEffect(() => {
    if (keys.goneTo !== null) virtual.scrollToIndex(keys.goneTo);
  }, [keys.goneTo, virtual]);
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? -1;
  const visible = shown.map(({ index }) => withRow(rowAt(index), rowId) ?? "").join();
  useEffect(() => onVisible?.(visible.split(",").filter((id) => id !== "")), [visible, onVisible]);
  useEffect(() => {
    onLook?.(first, last);
    if (last >= count - 25 && count > 0) onEnd?.();
  }, [first, last, count, onLook, onEnd]);
  const { setCursor } = keys;
  const touch = useCallback((row: T, index: number) => setCursor({ id: rowId(row), index }), [setCursor, rowId]);
  const open = useStable(onOpen);
  const pinned = useMemo(() => placesOf(withSelect, laidOut), [withSelect, laidOut]);
  const pinnedAt = useCallback((id: string) => pinned.get(id), [pinned]);

  const { sort } = props;
  const sortBy = useStable(props.onSort);
  const sortable = props.onSort !== undefined;
  // Scrolling draws the rows that come into sight, and not the headings again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the table is always the same, its columns are not
  const head = useMemo(
    () => (
      <thead className="sticky top-0 z-10">
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id}>
            {group.headers.map((header) => (
              <HeaderCell
                key={header.id}
                header={header}
                sort={sort}
                onSort={sortable ? sortBy : undefined}
                pinnedAt={pinned.get(header.column.id)}
                acts={
                  laidOut && {
                    width: laidOut.widthOf(header.column.columnDef),
                    resize: laidOut.resize,
                    move: laidOut.move,
                  }
                }
              />
            ))}
          </tr>
        ))}
      </thead>
    ),
    [table, withSelect, sort, sortable, sortBy, pinned, laidOut],
  );
  useSideways(scroller);

  const above = shown[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  const widths = laidOut && withSelect.map((column) => laidOut.widthOf(column));
  return (
    <div
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
      tabIndex={0}
      className={cn(
        "group/table @container relative min-h-0 flex-1 overflow-auto focus-visible:-outline-offset-2",
        props.className,
      )}
    >
      <table
        aria-label={props.name}
        aria-rowcount={props.total ?? count}
        aria-busy={loading}
        style={widths && { width: `max(100%, ${widths.reduce((sum, width) => sum + width, 0)}px)` }}
        className="w-full table-fixed border-separate border-spacing-0 text-sm"
      >
        {widths && (
          <colgroup>
            {withSelect.map((column, index) => (
              <col key={column.id} style={{ width: widths[index] }} />
            ))}
          </colgroup>
        )}
        {head}
        <tbody>
          {loading && SKELETON_ROWS.map((key) => <SkeletonRow key={key} columns={withSelect} height={height} />)}
          {!loading && above > 0 && <tr aria-hidden="true" style={{ height: above }} />}
          {!loading &&
            shown.map((item) => {
              const original = rowAt(item.index);
              if (original === undefined) return <SkeletonRow key={item.index} columns={withSelect} height={height} />;
              const row = rowOf(original, item.index);
              return (
                <BodyRow<T>
                  key={row.id}
                  row={row}
                  height={height}
                  index={item.index}
                  columns={withSelect}
                  pinnedAt={pinnedAt}
                  cursor={keys.cursor === row.id}
                  marked={props.marked === row.id}
                  selected={selection?.has(row.id) ?? false}
                  onOpen={onOpen && open}
                  onTouch={touch}
                />
              );
            })}
          {!loading && below > 0 && <tr aria-hidden="true" style={{ height: below }} />}
          {props.fetchingMore && <SkeletonRow columns={withSelect} height={height} />}
        </tbody>
      </table>
      {!loading && count === 0 && instead}
    </div>
  );
}

/** The table's objects of its rows, made when a row is first shown and again when it, or a column, is another. */
function useRowObjects<T>(
  table: ReturnType<typeof useReactTable<T>>,
  columns: unknown,
  rowId: (row: T) => string,
): (original: T, index: number) => Row<T> {
  const made = useRef<{ columns: unknown; rows: Map<string, Row<T>> }>({ columns, rows: new Map() });
  if (made.current.columns !== columns || made.current.rows.size > 2000) made.current = { columns, rows: new Map() };
  return (original, index) => {
    const id = rowId(original);
    const before = made.current.rows.get(id);
    if (before?.original === original && before.index === index) return before;
    const row = createRow(table, id, original, index, 0);
    made.current.rows.set(id, row);
    return row;
  };
}

/** Where each column that stays in sight stands, from the left. */
function placesOf<T>(columns: ColumnDef<T, unknown>[], laidOut: LaidOut<T> | undefined): Map<string, number> {
  const places = new Map<string, number>();
  let left = 0;
  for (const column of laidOut ? columns : []) {
    if (!column.meta?.pinned) break;
    places.set(column.id ?? "", left);
    left += laidOut?.widthOf(column) ?? 0;
  }
  return places;
}

/** A function that stays the same one and does what the newest would. */
function useStable<A extends unknown[]>(act: ((...given: A) => void) | undefined): (...given: A) => void {
  const newest = useRef(act);
  useEffect(() => {
    newest.current = act;
  });
  return useCallback((...given: A) => newest.current?.(...given), []);
}

/** Says on the element whether it is scrolled sideways: only then do pinned cells have to be held in their place. */
function useSideways(scroller: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = scroller.current;
    const look = () => element?.toggleAttribute("data-sideways", element.scrollLeft > 0);
    element?.addEventListener("scroll", look, { passive: true });
    return () => element?.removeEventListener("scroll", look);
  }, [scroller]);
}

function useTopOfAnother(listName: string | undefined, scroller: RefObject<HTMLElement | null>): void {
  const before = useRef(listName);
  useEffect(() => {
    if (before.current === listName) return;
    before.current = listName;
    scroller.current?.scrollTo(0, 0);
  }, [listName, scroller]);
}

function withRow<T, R>(row: T | undefined, act: (row: T) => R): R | undefined {
  return row === undefined ? undefined : act(row);
}
