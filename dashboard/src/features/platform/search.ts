import type { SortOf } from "@/api/paths";
import { type RawSearch, searchParam, sortParam } from "@/lib/search-params";

export interface PlatformSearch {
  search?: string;
  sort?: SortOf<"/platform/partners">;
}

export function validatePlatformSearch(raw: RawSearch): PlatformSearch {
  return {
    search: searchParam(raw),
    sort: sortParam(raw, ["agents", "clients", "command_bytes", "created_at", "name", "recorded_bytes", "users"]),
  };
}
