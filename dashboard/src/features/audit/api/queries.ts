import { api } from "@/api/http";
import type { SortOf } from "@/api/paths";
import { listQuery } from "@/api/queries";
import type { AuditSearch } from "../search";

export function auditQuery({ from, to, ...filter }: AuditSearch) {
  return listQuery(["audit"], "/audit", {
    query: { ...filter, sort: auditSort(filter), from: moment(from), to: moment(to) },
  });
}

/** The newest first; of one session, what was typed first: it is read as it happened. */
export function auditSort({ sort, session_id }: AuditSearch): SortOf<"/audit"> {
  return sort ?? (session_id ? "at" : "-at");
}

/** A local date and time of the form as UTC; nothing when it can't be read. */
function moment(local: string | undefined): string | undefined {
  if (!local) return undefined;
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

export const verifyAudit = () => api.get("/audit/verify");
