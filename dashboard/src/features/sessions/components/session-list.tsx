import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { SquareTerminal } from "lucide-react";
import { useCallback, useMemo } from "react";
import type { EventRow, TechSession } from "@/api/contract";
import { totalOf } from "@/api/queries";
import { useListChanges } from "@/api/use-list-changes";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { ChangesChip } from "@/components/changes-chip";
import "@/components/data-table/columns";
import { ListTable } from "@/components/data-table/list-table";
import { SelectField } from "@/components/field";
import { MachineText } from "@/components/machine-text";
import { SearchField } from "@/components/search-field";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { bytes, counted, duration, words } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { sessionsQuery } from "../api/queries";
import type { SessionsSearch } from "../search";

const rowId = (session: TechSession) => session.session_id;

export function SessionStatus({ status }: { status: TechSession["status"] }) {
  return <Badge tone={status === "open" ? "ok" : status === "opening" ? "info" : "neutral"}>{words(status)}</Badge>;
}

export function sessionLength({ opened_at, closed_at }: TechSession): string {
  return closed_at ? duration((new Date(closed_at).getTime() - new Date(opened_at).getTime()) / 1000) : "–";
}

function columns(withMachine: boolean): ColumnDef<TechSession, unknown>[] {
  return [
    {
      id: "status",
      header: "Status",
      meta: { className: "w-24" },
      cell: ({ row }) => <SessionStatus status={row.original.status} />,
    },
    {
      id: "opened_at",
      header: "Opened",
      meta: { className: withMachine ? "w-32 max-md:hidden" : "w-32" },
      cell: ({ row: { original: session } }) => (
        <Link to="/sessions/$sessionId" params={{ sessionId: session.session_id }} className="hover:underline">
          <Time at={session.opened_at} />
        </Link>
      ),
    },
    ...(withMachine
      ? [
          {
            id: "hostname",
            header: "Machine",
            cell: ({ row: { original: session } }) => (
              <span>
                <Link
                  to="/sessions/$sessionId"
                  params={{ sessionId: session.session_id }}
                  className="block truncate hover:underline"
                >
                  <MachineText className="text-xs">{session.hostname}</MachineText>
                </Link>
                <span className="block truncate text-muted text-xs md:hidden">
                  {session.opened_by} · <Time at={session.opened_at} />
                </span>
              </span>
            ),
          } satisfies ColumnDef<TechSession, unknown>,
        ]
      : []),
    {
      id: "opened_by",
      header: "By",
      meta: { className: "max-md:hidden" },
      cell: ({ row }) => row.original.opened_by ?? "–",
    },
    {
      id: "length",
      header: "Lasted",
      meta: { className: "w-28", right: true },
      cell: ({ row }) => <span className="font-mono text-muted text-xs">{sessionLength(row.original)}</span>,
    },
    {
      id: "input",
      header: "Typed",
      meta: { className: "w-24 max-lg:hidden", right: true },
      cell: ({ row }) => <span className="font-mono text-muted text-xs">{bytes(row.original.input_bytes)}</span>,
    },
    {
      id: "output",
      header: "Shown",
      meta: { className: "w-24 max-lg:hidden", right: true },
      cell: ({ row }) => <span className="font-mono text-muted text-xs">{bytes(row.original.output_bytes)}</span>,
    },
    {
      id: "reason",
      header: "Ended because",
      meta: { className: "w-[22%] max-lg:hidden" },
      cell: ({ row }) => (
        <span className="text-muted">{row.original.ended_because ? visibleLine(row.original.ended_because) : "–"}</span>
      ),
    },
  ];
}

export function SessionList({
  agentId,
  search,
  onSearch,
}: {
  agentId?: string;
  search: SessionsSearch;
  onSearch: (next: SessionsSearch) => void;
}) {
  const navigate = useNavigate();
  const sessions = useInfiniteQuery(sessionsQuery({ ...search, agent_id: agentId }));
  const changes = useListChanges(
    sessions.dataUpdatedAt,
    useCallback(
      ({ id, name, agent_id }: EventRow) =>
        name.startsWith("tunnel.") && (!agentId || agent_id === agentId) ? id : null,
      [agentId],
    ),
  );
  const shown = useMemo(() => columns(agentId === undefined), [agentId]);
  const filtered = Boolean(search.search || search.status);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => onSearch({ ...search, search: text })}
          label="Search sessions"
          placeholder="Machine, person…"
          className="min-w-48 flex-1 md:max-w-sm"
        />
        <SelectField
          label="Status"
          hideLabel
          className="h-8 w-auto"
          value={search.status ?? ""}
          onChange={(event) =>
            onSearch({ ...search, status: (event.target.value || undefined) as SessionsSearch["status"] })
          }
        >
          <option value="">Every status</option>
          <option value="opening">Opening</option>
          <option value="open">Open</option>
          <option value="closed">Closed</option>
        </SelectField>
        <span className="text-muted text-xs">{sessions.data && counted(totalOf(sessions.data) ?? 0, "session")}</span>
        <ChangesChip changes={changes} onShow={() => sessions.refetch()} busy={sessions.isRefetching} />
      </div>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<TechSession>
          name="Sessions"
          what="the sessions"
          list={sessions}
          columns={shown}
          rowId={rowId}
          onOpen={(session) => navigate({ to: "/sessions/$sessionId", params: { sessionId: session.session_id } })}
          empty={
            filtered ? (
              <EmptyState icon={SquareTerminal} act={<Button onClick={() => onSearch({})}>Show all sessions</Button>}>
                No session matches.
              </EmptyState>
            ) : (
              <EmptyState icon={SquareTerminal}>
                Terminal sessions will be listed here with their recordings.{" "}
                {agentId ? "Choose Terminal to open one." : "Open one from a machine's page."}
              </EmptyState>
            )
          }
        />
      </div>
    </>
  );
}
