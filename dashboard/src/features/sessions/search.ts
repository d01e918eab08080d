import { choiceParam, type RawSearch, textParam } from "@/lib/search-params";

export interface SessionsSearch {
  search?: string;
  status?: "opening" | "open" | "closed";
}

export function validateSessionsSearch(raw: RawSearch): SessionsSearch {
  return { search: textParam(raw, "search"), status: choiceParam(raw, "status", ["opening", "open", "closed"]) };
}
