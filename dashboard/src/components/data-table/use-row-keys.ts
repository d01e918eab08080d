import { useEffect, useState } from "react";
import { useHotkeys } from "@/lib/hotkeys";
import { usePlaced } from "@/lib/use-place";

interface RowKeys {
  /** The table's, under which the row is found again after Back. */
  name: string;
  /** A row is peeked at: it follows the keys. */
  peeking: boolean;
  count: number;
  /** The row at a place; undefined where it is not loaded. */
  idAt: (index: number) => string | undefined;
  /** Where a row is; -1 where it is not loaded. */
  indexOf: (id: string) => number;
  active: boolean;
  onOpen?: (id: string) => void;
  onPeek?: (id: string | undefined) => void;
  onToggle?: (id: string) => void;
  onEscape?: () => void;
}

/** j/k move, x selects, enter opens, space peeks, esc goes back. Tells the row they are on, and where they went last. */
export function useRowKeys(keys: RowKeys) {
  const { name, peeking, count, idAt, indexOf, active, onOpen, onPeek, onToggle, onEscape } = keys;
  const [cursor, setCursor] = usePlaced<{ id: string; index: number } | null>(`${name} row`, null);
  const [goneTo, setGoneTo] = useState<number | null>(null);
  const at = cursor === null ? -1 : indexOf(cursor.id);
  // Another row stands where it was, and it is nowhere else: it is gone. A row that is not loaded may still be there.
  const gone = cursor !== null && at < 0 && (cursor.index >= count || idAt(cursor.index) !== undefined);
  useEffect(() => {
    if (gone && count > 0) setCursor(null);
  }, [gone, count, setCursor]);
  const move = (step: number) => {
    const from = cursor === null ? null : at >= 0 ? at : cursor.index;
    const next = from === null ? (step > 0 ? 0 : count - 1) : Math.min(count - 1, Math.max(0, from + step));
    const id = idAt(next);
    if (id === undefined) return;
    setCursor({ id, index: next });
    setGoneTo(next);
    if (peeking) onPeek?.(id);
  };
  const withCursor = (act: ((id: string) => void) | undefined) => () => {
    if (cursor !== null) act?.(cursor.id);
  };
  const leave = () => {
    setCursor(null);
    onEscape?.();
  };
  useHotkeys(
    {
      j: () => move(1),
      k: () => move(-1),
      ...(onToggle && { x: withCursor(onToggle) }),
      ...(onPeek && cursor !== null && { " ": withCursor(onPeek) }),
      ...(onOpen && cursor !== null && { Enter: withCursor(onOpen) }),
      ...((onEscape || cursor !== null) && { Escape: leave }),
    },
    active,
  );
  return { cursor: cursor?.id ?? null, setCursor, goneTo };
}
