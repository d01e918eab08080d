import type { SortOf } from "@/api/paths";
import { choiceParam, idParam, type RawSearch, sortParam, textParam } from "@/lib/search-params";

const SORTS = ["client", "cpu", "disk", "hostname", "last_seen", "memory", "os", "site", "status", "version"] as const;

export interface FleetSearch {
  /** A query. */
  search?: string;
  status?: "online" | "offline" | "problem";
  client_id?: string;
  site_id?: string;
  os?: "linux" | "windows" | "macos" | "other";
  sort?: SortOf<"/agents">;
  /** The machine shown at the side. */
  peek?: string;
  /** Set on the way from another page's search, so that typing goes on. */
  focus?: "search";
}

export function validateFleetSearch(raw: RawSearch): FleetSearch {
  return {
    search: textParam(raw, "search"),
    status: choiceParam(raw, "status", ["online", "offline", "problem"]),
    client_id: idParam(raw, "client_id"),
    site_id: idParam(raw, "site_id"),
    os: choiceParam(raw, "os", ["linux", "windows", "macos", "other"]),
    sort: sortParam(raw, SORTS),
    peek: idParam(raw, "peek"),
    focus: choiceParam(raw, "focus", ["search"]),
  };
}
