import type { SortOf } from "@/api/paths";
import { type RawSearch, searchParam, sortParam } from "@/lib/search-params";

export interface UsersSearch {
  search?: string;
  sort?: SortOf<"/users">;
}

export function validateUsersSearch(raw: RawSearch): UsersSearch {
  return {
    search: searchParam(raw),
    sort: sortParam(raw, ["created_at", "email", "last_sign_in_at", "name", "role"]),
  };
}
