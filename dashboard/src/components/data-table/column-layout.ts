import type { ColumnDef } from "@tanstack/react-table";
import { useCallback, useMemo, useState } from "react";
import { keepPreference, readPreference } from "@/lib/storage";

/** How somebody likes the columns of a table: which, in which order, how wide. */
export interface ColumnLayout {
  order: readonly string[];
  widths: Readonly<Record<string, number>>;
  hidden: ReadonlySet<string>;
}

export interface LaidOut<T> {
  /** The shown columns in their order. */
  columns: ColumnDef<T, unknown>[];
  widthOf: (column: ColumnDef<T, unknown>) => number;
  layout: ColumnLayout;
  resize: (id: string, width: number) => void;
  /** Puts a column before another one; before null: to the end. */
  move: (id: string, before: string | null) => void;
  hide: (hidden: ReadonlySet<string>) => void;
  /** Shows these columns and no others, in this order. */
  show: (ids: readonly string[]) => void;
  reset: () => void;
}

const NARROWEST = 56;
const WIDEST = 800;
const USUAL = 120;
const AS_MADE: ColumnLayout = { order: [], widths: {}, hidden: new Set() };

/** The columns of a table as this browser keeps them under a name. `pinned` columns stay first. */
export function useColumnLayout<T>(name: string, all: ColumnDef<T, unknown>[]): LaidOut<T> {
  const [layout, setLayout] = useState<ColumnLayout>(() => readLayout(name));
  const change = useCallback(
    (next: (before: ColumnLayout) => ColumnLayout) =>
      setLayout((before) => {
        const after = next(before);
        keepPreference(name, JSON.stringify({ ...after, hidden: [...after.hidden] }));
        return after;
      }),
    [name],
  );
  const ordered = useMemo(() => inOrder(all, layout.order), [all, layout.order]);
  const columns = useMemo(() => ordered.filter(({ id = "" }) => !layout.hidden.has(id)), [ordered, layout.hidden]);
  const widthOf = useCallback(
    ({ id = "", meta }: ColumnDef<T, unknown>) => layout.widths[id] ?? meta?.width ?? USUAL,
    [layout.widths],
  );
  return {
    columns,
    widthOf,
    layout,
    resize: (id, width) =>
      change((before) => ({
        ...before,
        widths: { ...before.widths, [id]: Math.round(Math.min(WIDEST, Math.max(NARROWEST, width))) },
      })),
    move: (id, target) =>
      change((before) => ({
        ...before,
        order: moved(
          ordered.map((column) => column.id ?? ""),
          id,
          target,
        ),
      })),
    hide: (hidden) => change((before) => ({ ...before, hidden })),
    show: (ids) =>
      change((before) => ({
        ...before,
        order: ids,
        hidden: new Set(all.filter(({ id = "", meta }) => !meta?.pinned && !ids.includes(id)).map(({ id = "" }) => id)),
      })),
    reset: () => change(() => AS_MADE),
  };
}

/** Names with one of them put before another; unknown ones change nothing. */
export function moved(order: readonly string[], id: string, before: string | null): string[] {
  if (!order.includes(id) || id === before) return [...order];
  const rest = order.filter((each) => each !== id);
  const at = before === null ? rest.length : rest.indexOf(before);
  return at < 0 ? [...order] : [...rest.slice(0, at), id, ...rest.slice(at)];
}

/** Columns in a kept order; new ones stand where they were made, pinned ones always first. */
export function inOrder<T>(all: ColumnDef<T, unknown>[], order: readonly string[]): ColumnDef<T, unknown>[] {
  const place = (column: ColumnDef<T, unknown>, made: number) => {
    if (column.meta?.pinned) return made - all.length;
    const kept = order.indexOf(column.id ?? "");
    return kept >= 0 ? kept : made;
  };
  return all
    .map((column, made) => ({ column, at: place(column, made), made }))
    .sort((a, b) => a.at - b.at || a.made - b.made)
    .map(({ column }) => column);
}

function readLayout(name: string): ColumnLayout {
  try {
    const { order, widths, hidden } = JSON.parse(readPreference(name) ?? "{}") as Record<string, unknown>;
    return {
      order: texts(order),
      widths: Object.fromEntries(
        Object.entries((widths ?? {}) as object).filter(([, width]) => typeof width === "number"),
      ) as Record<string, number>,
      hidden: new Set(texts(hidden)),
    };
  } catch {
    return AS_MADE; // somebody wrote something else there
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
