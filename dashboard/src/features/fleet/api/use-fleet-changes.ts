import { useCallback, useEffect, useState } from "react";
import type { EventRow } from "@/api/contract";
import { useLiveEvents } from "@/api/live";

const MEMBERSHIP = new Set(["agent.enrolled", "agent.deleted", "agent.moved"]);

/**
 * How many machines have come, gone or changed side since the list was read. The list itself is left alone while
 * somebody reads it; the number is the offer to read it again.
 */
export function useFleetChanges(readAt: number, byStatus: boolean): number {
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  // biome-ignore lint/correctness/useExhaustiveDependencies: a list that was read again has no changes outstanding
  useEffect(() => setChanged(new Set()), [readAt]);
  useLiveEvents(
    useCallback(
      (event: EventRow) => {
        const flips = byStatus && (event.name === "agent.online" || event.name === "agent.offline");
        if (!event.agent_id || !(flips || MEMBERSHIP.has(event.name))) return;
        const id = event.agent_id;
        setChanged((ids) => new Set(ids).add(id));
      },
      [byStatus],
    ),
  );
  return changed.size;
}
