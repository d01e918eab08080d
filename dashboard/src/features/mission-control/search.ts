import { type RawSearch, searchParam, textParam } from "@/lib/search-params";

export interface HomeSearch {
  /** Of a Client contact's computers. */
  search?: string;
}

export function validateHomeSearch(raw: RawSearch): HomeSearch {
  return { search: searchParam(raw) };
}

export interface ActivitySearch {
  search?: string;
  name?: string;
}

export function validateActivitySearch(raw: RawSearch): ActivitySearch {
  return { search: searchParam(raw), name: textParam(raw, "name") };
}
