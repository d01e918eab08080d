import { useCallback, useEffect, useRef, useState } from "react";
import { useLiveInterest } from "@/api/live";

const AT_MOST = 500;
const SETTLED_MS = 150;
const NOTHING = { type: "visible", agent_ids: [] };

/** Asks for live readings of the rows on the screen, which it is told of; what only passes by is not asked for. */
export function useVisibleAgents(): (ids: string[]) => void {
  const [joined, setJoined] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLiveInterest(joined === "" ? null : { type: "visible", agent_ids: joined.split(",") }, NOTHING);
  return useCallback((ids: string[]) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setJoined(ids.slice(0, AT_MOST).join(",")), SETTLED_MS);
  }, []);
}
