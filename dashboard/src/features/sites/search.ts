import { type RawSearch, textParam } from "@/lib/search-params";

export interface SitesSearch {
  search?: string;
  sort?: string;
}

export function validateSitesSearch(raw: RawSearch): SitesSearch {
  return { search: textParam(raw, "search"), sort: textParam(raw, "sort") };
}
