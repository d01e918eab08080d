/** Tech sessions that are asked for again as soon as one is opened or ended: whoever looks at them goes by what they say. */
import { type QueryKey, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { keys } from "./keys";
import { useLiveMessages } from "./live";
import { nounOf } from "./live-contribution";
import { ownSessionsQuery } from "./queries";

/** One's own open sessions, for who may open any. */
export function useOwnSessions() {
  useSessionEvents(keys.ownSessions);
  return useQuery({ ...ownSessionsQuery, refetchOnMount: "always" }); // nothing tells of one that was left
}

/** Asks for an answer again when a tech session, or the one of this id, is opened or ended. `queryKey` must be stable. */
export function useSessionEvents(queryKey: QueryKey, id?: string): void {
  const cache = useQueryClient();
  useLiveMessages(
    "event",
    useCallback(
      ({ item }) => {
        if (nounOf(item.name) !== "tunnel" || (id && item.subject_id !== id)) return;
        // One question, however many parts of the page want its answer.
        void cache.invalidateQueries({ queryKey }, { cancelRefetch: false });
      },
      [cache, queryKey, id],
    ),
  );
}
