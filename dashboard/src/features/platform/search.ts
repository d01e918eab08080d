import { type RawSearch, textParam } from "@/lib/search-params";

export interface PlatformSearch {
  search?: string;
  sort?: string;
}

export function validatePlatformSearch(raw: RawSearch): PlatformSearch {
  return { search: textParam(raw, "search"), sort: textParam(raw, "sort") };
}
