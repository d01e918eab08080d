import { type RawSearch, sortParam, textParam } from "@/lib/search-params";

export interface PlatformSearch {
  search?: string;
  sort?: string;
}

export function validatePlatformSearch(raw: RawSearch): PlatformSearch {
  return {
    search: textParam(raw, "search"),
    sort: sortParam(raw, ["agents", "clients", "created_at", "name", "users"]),
  };
}
