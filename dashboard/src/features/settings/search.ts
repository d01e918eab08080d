import type { SortOf } from "@/api/paths";
import { idParam, type RawSearch, searchParam, sortParam } from "@/lib/search-params";

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

export interface PlaceSearch {
  /** The Site whose settings are shown; the whole Partner's without one. */
  site?: string;
}

export function validatePlaceSearch(raw: RawSearch): PlaceSearch {
  return { site: idParam(raw, "site") };
}
