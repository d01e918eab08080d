import { type RawSearch, searchParam, textParam } from "@/lib/search-params";

export interface ActivitySearch {
  search?: string;
  name?: string;
}

export function validateActivitySearch(raw: RawSearch): ActivitySearch {
  return { search: searchParam(raw), name: textParam(raw, "name") };
}
