import { useCallback } from "react";
import type { Metrics } from "@/api/contract";
import { useLiveInterest, useLiveMessages } from "@/api/live";
import type { LiveMessage } from "@/api/live-contribution";

const NOTHING = { type: "watch", agent_id: null };

/** Asks for fast readings of one machine while its page is open. */
export function useWatchedAgent(id: string): void {
  useLiveInterest({ type: "watch", agent_id: id }, NOTHING, true);
}

/** Hears the readings of one machine; the listener has to be stable. */
export function useSamples(agentId: string, listener: (sample: Metrics) => void): void {
  useLiveMessages(
    "metrics",
    useCallback(
      ({ agent_id, sample }: LiveMessage<"metrics">) => {
        if (agent_id === agentId) listener(sample);
      },
      [agentId, listener],
    ),
  );
}
