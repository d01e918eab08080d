import type { SortOf } from "@/api/paths";
import { choiceParam, type RawSearch, searchParam, sortParam } from "@/lib/search-params";

export const STATUSES = [
  "queued",
  "delivered",
  "running",
  "succeeded",
  "failed",
  "timed_out",
  "cancelled",
  "expired",
] as const;

/** The ways in which a command of a run ends, or has not ended yet, as a run's page tells them apart. */
export const ENDINGS = ["failed", "offline", "waiting", "running", "ok", "cancelled"] as const;
export type Ending = (typeof ENDINGS)[number];

export interface CommandsSearch {
  search?: string;
  state?: "active" | "finished";
  status?: (typeof STATUSES)[number];
  sort?: SortOf<"/commands">;
}

export function validateCommandsSearch(raw: RawSearch): CommandsSearch {
  return {
    search: searchParam(raw),
    state: choiceParam(raw, "state", ["active", "finished"]),
    status: choiceParam(raw, "status", STATUSES),
    sort: sortParam(raw, ["created_at", "duration", "hostname", "status", "triage"]),
  };
}

export interface RunSearch {
  /** Only what ended in this way. */
  show?: Ending;
  /** "no": each machine is a row of its own, also where results are equal. */
  group?: "no";
}

export function validateRunSearch(raw: RawSearch): RunSearch {
  return { show: choiceParam(raw, "show", ENDINGS), group: choiceParam(raw, "group", ["no"]) };
}
