import { useLiveInterest } from "@/api/live";
import { useDebounced } from "@/lib/use-debounced";

const AT_MOST = 500;
const NOTHING = { type: "visible", agent_ids: [] };

/** Asks for live readings of the rows on the screen. */
export function useVisibleAgents(ids: string[]): void {
  const joined = useDebounced(ids.slice(0, AT_MOST).join(","), 150);
  useLiveInterest(joined === "" ? null : { type: "visible", agent_ids: joined.split(",") }, NOTHING);
}
