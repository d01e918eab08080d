import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { Pause, Play } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import type { ProcessRow } from "@/api/contract";
import { Button } from "@/components/button";
import { DataTable } from "@/components/data-table/data-table";
import { rowsAsTable } from "@/components/data-table/list-table";
import { MachineText } from "@/components/machine-text";
import { SearchField } from "@/components/search-field";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { bytes, counted, isoOf } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { processesQuery } from "../api/queries";
import { inKeptOrder, matchesProcess, sortProcesses } from "../api/sort-processes";
import { LiveError } from "../components/live-error";
import type { ProcessSort } from "../search";

const route = getRouteApi("/app/agents/$agentId/processes");
const rowId = (row: ProcessRow) => String(row.pid);
const amount = (value: number | null) =>
  value === null ? <span className="text-muted">–</span> : <span className="font-mono text-xs">{bytes(value)}</span>;

const COLUMNS: ColumnDef<ProcessRow, unknown>[] = [
  {
    id: "name",
    header: "Process",
    meta: { sort: "name", className: "w-44 max-md:w-auto" },
    cell: ({ row: { original: row } }) => <MachineText>{row.name}</MachineText>,
  },
  {
    id: "cpu",
    header: "CPU",
    meta: { sort: "cpu", downFirst: true, right: true, className: "w-20" },
    cell: ({ row: { original: row } }) => (
      <span className="font-mono text-xs">{row.cpu_percent === null ? "–" : `${row.cpu_percent.toFixed(1)}%`}</span>
    ),
  },
  {
    id: "rss",
    header: "Memory",
    meta: { sort: "rss", downFirst: true, right: true, className: "w-24" },
    cell: ({ row }) => amount(row.original.rss),
  },
  {
    id: "read",
    header: "Read",
    meta: { sort: "read", downFirst: true, right: true, className: "w-24 max-lg:hidden" },
    cell: ({ row }) => amount(row.original.read_bytes),
  },
  {
    id: "write",
    header: "Written",
    meta: { sort: "write", downFirst: true, right: true, className: "w-24 max-lg:hidden" },
    cell: ({ row }) => amount(row.original.write_bytes),
  },
  {
    id: "pid",
    header: "PID",
    meta: { sort: "pid", right: true, className: "w-20 max-md:hidden" },
    cell: ({ row }) => <span className="font-mono text-muted text-xs">{row.original.pid}</span>,
  },
  {
    id: "user",
    header: "User",
    meta: { sort: "user", className: "w-28 max-md:hidden" },
    cell: ({ row }) =>
      row.original.user ? (
        <MachineText className="text-xs">{row.original.user}</MachineText>
      ) : (
        <span className="text-muted">–</span>
      ),
  },
  {
    id: "started",
    header: "Started",
    meta: { sort: "started", downFirst: true, className: "w-24 max-lg:hidden" },
    cell: ({ row: { original: row } }) => {
      const at = typeof row.started === "number" ? isoOf(row.started) : row.started;
      return at === null ? <span className="text-muted">–</span> : <Time at={at} className="text-muted text-xs" />;
    },
  },
  {
    id: "command",
    header: "Command line",
    meta: { className: "max-md:hidden" },
    cell: ({ row }) => (
      <span className="font-mono text-muted text-xs" title={visibleLine(row.original.command ?? "")}>
        {visibleLine(row.original.command ?? "")}
      </span>
    ),
  },
];

export function ProcessesTab() {
  const { agentId } = route.useParams();
  const { search = "", sort = "-cpu" } = route.useSearch();
  const navigate = route.useNavigate();
  const [live, setLive] = useState(true);
  const [reading, setReading] = useState(false);
  const kept = useRef<{ sort: string; pids: number[] } | null>(null);
  const processes = useQuery(processesQuery(agentId, live));
  const rows = useMemo(() => {
    const found = (processes.data?.items ?? []).filter((row) => search === "" || matchesProcess(row, search));
    // Under the pointer the order stands still, while the numbers go on.
    const hold = reading && kept.current?.sort === sort;
    const ordered = hold && kept.current ? inKeptOrder(found, kept.current.pids) : sortProcesses(found, sort);
    kept.current = { sort, pids: ordered.map((row) => row.pid) };
    return ordered;
  }, [processes.data, search, sort, reading]);
  if (processes.isError && !processes.data) {
    return <LiveError error={processes.error} what="The processes" onRetry={() => processes.refetch()} />;
  }
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 pb-3">
        <SearchField
          value={search || undefined}
          onChange={(text) => navigate({ search: { search: text, sort }, replace: true })}
          label="Search processes"
          className="min-w-48 flex-1 md:max-w-sm"
        />
        <Button onClick={() => setLive(!live)} aria-pressed={!live}>
          {live ? <Pause aria-hidden="true" className="size-3.5" /> : <Play aria-hidden="true" className="size-3.5" />}
          {live ? "Pause" : "Go on"}
        </Button>
        <span className="text-muted text-xs" role="status">
          {processes.data && (
            <>
              {counted(rows.length, "process", "processes")}
              {processes.data.truncated && " (the machine has more)"} · read <Time at={processes.data.at} />
            </>
          )}
          {processes.isError && " · the last reading failed; what you see was kept"}
        </span>
      </div>
      <div
        className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t"
        onPointerEnter={() => setReading(true)}
        onPointerLeave={() => setReading(false)}
      >
        <DataTable<ProcessRow, ProcessSort>
          name="Processes"
          {...rowsAsTable(rows, rowId)}
          columns={COLUMNS}
          rowId={rowId}
          loading={processes.isPending}
          sort={sort}
          onSort={(next) => navigate({ search: { search: search || undefined, sort: next ?? "-cpu" }, replace: true })}
          instead={<EmptyState>No process matches.</EmptyState>}
        />
      </div>
    </>
  );
}
