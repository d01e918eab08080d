import type { SortOf } from "@/api/paths";
import { type RawSearch, searchParam, sortParam } from "@/lib/search-params";

export interface SitesSearch {
  search?: string;
  sort?: SortOf<"/sites">;
}

export interface ClientsSearch {
  search?: string;
  sort?: SortOf<"/clients">;
}

export function validateSitesSearch(raw: RawSearch): SitesSearch {
  return {
    search: searchParam(raw),
    sort: sortParam(raw, ["agents", "client", "created_at", "name", "online"]),
  };
}

export function validateClientsSearch(raw: RawSearch): ClientsSearch {
  return {
    search: searchParam(raw),
    sort: sortParam(raw, ["agents", "created_at", "name", "online", "sites"]),
  };
}
