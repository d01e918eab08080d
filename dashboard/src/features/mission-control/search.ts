import { type RawSearch, textParam } from "@/lib/search-params";

export interface ActivitySearch {
  search?: string;
  name?: string;
}

export function validateActivitySearch(raw: RawSearch): ActivitySearch {
  return { search: textParam(raw, "search"), name: textParam(raw, "name") };
}
