import type { SortOf } from "@/api/paths";
import { choiceParam, idParam, type RawSearch, searchParam, sortParam, textParam } from "@/lib/search-params";

export interface AuditSearch {
  search?: string;
  kind?: "tunnel" | "admin";
  operation?: string;
  actor?: string;
  agent_id?: string;
  session_id?: string;
  from?: string;
  to?: string;
  sort?: SortOf<"/audit">;
}

export function validateAuditSearch(raw: RawSearch): AuditSearch {
  return {
    search: searchParam(raw),
    kind: choiceParam(raw, "kind", ["tunnel", "admin"]),
    operation: textParam(raw, "operation"),
    actor: textParam(raw, "actor"),
    agent_id: idParam(raw, "agent_id"),
    session_id: idParam(raw, "session_id"),
    from: textParam(raw, "from"),
    to: textParam(raw, "to"),
    sort: sortParam(raw, ["at"]),
  };
}
