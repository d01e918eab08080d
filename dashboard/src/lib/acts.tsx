import { createContext, useContext } from "react";
import type { AgentFilter } from "@/api/contract";

/** What a command will run on: machines by id, or everything that a filter matches. */
export type RunTarget =
  | { kind: "agents"; agents: { id: string; hostname: string }[] }
  | { kind: "filter"; filter: AgentFilter; total: number };

/** Acts that several features start and one carries out; the app puts the two together. */
export interface Acts {
  runCommand: (target: RunTarget, script?: string) => void;
}

const ActsContext = createContext<Acts | null>(null);
export const ActsProvider = ActsContext.Provider;

export function useActs(): Acts {
  const acts = useContext(ActsContext);
  if (!acts) throw new Error("acts are used outside their provider");
  return acts;
}
