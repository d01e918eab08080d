import type { AuditRow, AuditVerdict } from "@/api/contract";
import { api } from "@/api/http";
import { listQuery } from "@/api/queries";
import type { AuditSearch } from "../search";

export function auditQuery({ from, to, ...filter }: AuditSearch) {
  return listQuery<AuditRow>(["audit"], "/audit", {
    ...filter,
    sort: auditSort(filter),
    from: moment(from),
    to: moment(to),
  });
}

/** The newest first; of one session, what was typed first: it is read as it happened. */
export function auditSort({ sort, session_id }: AuditSearch): string {
  return sort ?? (session_id ? "at" : "-at");
}

/** A local date and time of the form as UTC; nothing when it can't be read. */
function moment(local: string | undefined): string | undefined {
  if (!local) return undefined;
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

export function verifyAudit(): Promise<AuditVerdict> {
  return api.get("/audit/verify");
}
