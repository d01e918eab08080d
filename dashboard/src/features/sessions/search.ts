import { choiceParam, type RawSearch, searchParam } from "@/lib/search-params";

export interface SessionsSearch {
  search?: string;
  status?: "opening" | "open" | "closed";
}

export function validateSessionsSearch(raw: RawSearch): SessionsSearch {
  return { search: searchParam(raw), status: choiceParam(raw, "status", ["opening", "open", "closed"]) };
}
