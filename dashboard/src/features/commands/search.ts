import type { SortOf } from "@/api/paths";
import { choiceParam, type RawSearch, sortParam, textParam } from "@/lib/search-params";

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

export interface CommandsSearch {
  search?: string;
  state?: "active" | "finished";
  status?: (typeof STATUSES)[number];
  sort?: SortOf<"/commands">;
}

export function validateCommandsSearch(raw: RawSearch): CommandsSearch {
  return {
    search: textParam(raw, "search"),
    state: choiceParam(raw, "state", ["active", "finished"]),
    status: choiceParam(raw, "status", STATUSES),
    sort: sortParam(raw, ["created_at", "duration", "hostname", "status"]),
  };
}
