import { idParam, type RawSearch } from "@/lib/search-params";

export interface TerminalSearch {
  /** A session of one's own to go back into. */
  session?: string;
}

export function validateTerminalSearch(raw: RawSearch): TerminalSearch {
  return { session: idParam(raw, "session") };
}
