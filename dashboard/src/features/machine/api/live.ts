import type { QueryClient } from "@tanstack/react-query";
import type { AgentDetail, Metrics } from "@/api/contract";
import { keys } from "@/api/keys";
import { type LiveMessages, reducer } from "@/api/live-contribution";
import { definedOnly } from "@/api/pages";

declare module "@/api/live-contribution" {
  interface LiveMessages {
    metrics: { agent_id: string; sample: Metrics };
  }
}

type LiveAgent = LiveMessages["agents"]["items"][number];
type Reading = Pick<AgentDetail, "id" | "latest">;

function mergeAgentDetails(cache: QueryClient, agents: readonly (LiveAgent | Reading)[]): void {
  for (const agent of agents) {
    cache.setQueryData<AgentDetail>(keys.agent(agent.id), (old) => (old ? { ...old, ...definedOnly(agent) } : old));
  }
}

export const reducers = [
  reducer({ on: "agents", things: ({ items }) => items, merge: mergeAgentDetails, answers: "agents" }),
  reducer({
    on: "metrics",
    things: ({ agent_id, sample }): Reading[] => [{ id: agent_id, latest: sample }],
    merge: mergeAgentDetails,
  }),
];
