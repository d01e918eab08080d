import { useCallback, useEffect, useState } from "react";
import type { EventRow } from "./contract";
import { useLiveMessages } from "./live";

/**
 * How many things have come, gone or changed side since a list was read. The list itself is left alone while somebody
 * reads it; the number is the offer to read it again. `concerns` gives what an event changes in this list (an id), or
 * null; it must be stable.
 */
export function useListChanges(readAt: number | string, concerns: (event: EventRow) => string | null): number {
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  // biome-ignore lint/correctness/useExhaustiveDependencies: a list that was read again has no changes outstanding
  useEffect(() => setChanged(new Set()), [readAt]);
  useLiveMessages(
    "event",
    useCallback(
      ({ item }) => {
        const id = concerns(item);
        if (id !== null) setChanged((ids) => new Set(ids).add(id));
      },
      [concerns],
    ),
  );
  return changed.size;
}
