import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { ScrollText, ShieldAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import type { AuditRow } from "@/api/contract";
import type { SortOf } from "@/api/paths";
import { useAct } from "@/api/use-act";
import { useMe } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import "@/components/data-table/columns";
import { ListTable } from "@/components/data-table/list-table";
import { MachineText } from "@/components/machine-text";
import { notifyError } from "@/components/notify";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { count, counted } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { auditQuery, auditSort, verifyAudit } from "../api/queries";
import { auditPhrase, CHAINS } from "../api/sentences";
import { AuditFilters } from "../components/filters";
import { AuditRowDialog } from "../components/row-dialog";
import type { AuditSearch } from "../search";

const route = getRouteApi("/app/settings/audit");
const rowId = (row: AuditRow) => row.id;

const COLUMNS: ColumnDef<AuditRow, unknown>[] = [
  {
    id: "at",
    header: "When",
    meta: { sort: "at", downFirst: true, className: "w-28" },
    cell: ({ row }) => <Time at={row.original.at} className="text-muted" />,
  },
  {
    id: "happened",
    header: "What happened",
    cell: ({ row: { original: row } }) => <Happened row={row} />,
  },
  {
    id: "operation",
    header: "Operation",
    meta: { className: "w-44 max-lg:hidden" },
    cell: ({ row }) => <span className="font-mono text-muted text-xs">{row.original.operation}</span>,
  },
  {
    id: "actor",
    header: "Person",
    meta: { className: "w-48 max-lg:hidden" },
    cell: ({ row }) => row.original.actor ?? <span className="text-muted">The system</span>,
  },
  {
    id: "hostname",
    header: "Machine",
    meta: { className: "w-40 max-md:hidden" },
    cell: ({ row }) =>
      row.original.hostname ? (
        <MachineText className="text-xs">{row.original.hostname}</MachineText>
      ) : (
        <span className="text-muted">–</span>
      ),
  },
  {
    id: "seq",
    header: "Chain and row",
    meta: { className: "w-40 max-lg:hidden", right: true },
    cell: ({ row: { original: row } }) => (
      <span className="text-muted text-xs">
        {CHAINS[row.kind]} <span className="font-mono">{count(row.seq)}</span>
      </span>
    ),
  },
];

/** The act as a sentence; where there is little room, with what the other columns say. */
function Happened({ row }: { row: AuditRow }) {
  const phrase = auditPhrase(row, useMe());
  return (
    <span className="block min-w-0">
      <span className="block truncate">
        {phrase.charAt(0).toUpperCase() + phrase.slice(1)}
        {row.input !== null && (
          <span className="ml-1.5 rounded bg-overlay px-1.5 py-0.5 font-mono text-xs">
            {/^ +$/.test(row.input) ? "⟨SPACE⟩" : visibleLine(row.input)}
          </span>
        )}
      </span>
      <span className="block truncate text-muted text-xs lg:hidden">
        <span className="font-mono">{row.operation}</span> · {row.actor ? visibleLine(row.actor) : "The system"}
      </span>
    </span>
  );
}

export function AuditTab() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [open, setOpen] = useState<AuditRow | null>(null);
  const audit = useInfiniteQuery(auditQuery(search));
  const filtered = Object.entries(search).some(([name, value]) => name !== "sort" && value !== undefined);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 pb-3">
        <AuditFilters
          search={search}
          onChange={(part) => navigate({ search: (before: AuditSearch) => ({ ...before, ...part }), replace: true })}
        />
        <Verify />
      </div>
      <p className="pb-3 text-muted text-xs">
        Nothing in the audit is ever changed or scrubbed, and each time it is read is recorded too.
      </p>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<AuditRow, SortOf<"/audit">>
          name="Audit"
          what="the audit"
          list={audit}
          columns={COLUMNS}
          rowId={rowId}
          sort={auditSort(search)}
          onSort={(sort) => navigate({ search: (before: AuditSearch) => ({ ...before, sort }), replace: true })}
          onOpen={setOpen}
          empty={
            <EmptyState
              icon={ScrollText}
              act={filtered && <Button onClick={() => navigate({ search: {} })}>Show everything</Button>}
            >
              {filtered ? "No row matches." : "Every act of every person will be listed here."}
            </EmptyState>
          }
        />
      </div>
      {open && <AuditRowDialog row={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function Verify() {
  const verify = useAct({
    mutationFn: verifyAudit,
    onError: (error) => notifyError("The audit could not be checked.", error),
  });
  const verdict = verify.data;
  return (
    <div className="ml-auto flex items-center gap-3">
      {verdict && (
        <span role="status" className={verdict.ok ? "text-ok text-sm" : "font-semibold text-bad text-sm"}>
          {verdict.ok
            ? `Unbroken: ${counted(verdict.rows, "row")} checked`
            : `Broken at row ${verdict.first_bad ?? "?"}`}
        </span>
      )}
      <Button onClick={() => verify.mutate()} busy={verify.isPending}>
        {verdict && !verdict.ok ? (
          <ShieldAlert aria-hidden="true" className="size-4 text-bad" />
        ) : (
          <ShieldCheck aria-hidden="true" className="size-4" />
        )}
        {verify.isPending ? "Checking…" : "Verify the chain"}
      </Button>
    </div>
  );
}
