import { useEffect, useState } from "react";
import { useHotkeys } from "@/lib/hotkeys";

interface RowKeys {
  /** A row is peeked at: it follows the keys. */
  peeking: boolean;
  ids: string[];
  active: boolean;
  onOpen?: (id: string) => void;
  onPeek?: (id: string | undefined) => void;
  onToggle?: (id: string) => void;
  onEscape?: () => void;
}

/** j/k and the arrows move, x selects, enter opens, space peeks, esc goes back. Returns the row the keys are on. */
export function useRowKeys({ peeking, ids, active, onOpen, onPeek, onToggle, onEscape }: RowKeys) {
  const [cursor, setCursor] = useState<string | null>(null);
  useEffect(() => {
    if (cursor !== null && !ids.includes(cursor)) setCursor(null);
  }, [cursor, ids]);
  const move = (step: number) => {
    const at = cursor === null ? -1 : ids.indexOf(cursor);
    const next = at === -1 ? (step > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + step));
    setCursor(ids[next] ?? null);
    if (peeking) onPeek?.(ids[next]);
  };
  const withCursor = (act: ((id: string) => void) | undefined) => () => {
    if (cursor !== null) act?.(cursor);
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
  return { cursor, setCursor };
}
