import type { ColumnDef } from "@tanstack/react-table";
import { TriangleAlert } from "lucide-react";
import type { AgentRow } from "@/api/contract";
import "@/components/data-table/columns";
import { MachineText } from "@/components/machine-text";
import { Meter } from "@/components/meter";
import { RowLink } from "@/components/row-link";
import { StateWord } from "@/components/state-dot";
import { Time } from "@/components/time";
import { words } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { problemWords } from "../api/problem-words";

export function fleetColumns(labels: { client: string; site: string }): ColumnDef<AgentRow, unknown>[] {
  return [
    {
      id: "hostname",
      header: "Machine",
      meta: { sort: "hostname", className: "w-auto", width: 240, pinned: true },
      cell: ({ row: { original: agent } }) => <NameCell agent={agent} />,
    },
    {
      id: "status",
      header: "State",
      meta: { sort: "status", className: "max-md:w-20", width: 96 },
      cell: ({ row: { original: agent } }) => <StateWord status={agent.status} className="max-md:text-xs" />,
    },
    {
      id: "problem",
      header: "Problem",
      meta: { className: "max-md:hidden", width: 148 },
      cell: ({ row: { original: agent } }) => <Problem agent={agent} />,
    },
    {
      id: "site",
      header: `${labels.client} › ${labels.site}`,
      meta: { sort: "client", className: "max-md:hidden", width: 224 },
      cell: ({ row: { original: agent } }) => (
        <span title={`${agent.client_name} › ${agent.site_name}`}>
          {agent.client_name} <span className="text-muted">› {agent.site_name}</span>
        </span>
      ),
    },
    {
      id: "os",
      header: "Operating system",
      meta: { sort: "os", className: "max-md:hidden", width: 168 },
      cell: ({ row: { original: agent } }) => (
        <span className="text-muted" title={agent.os_name ?? undefined}>
          {agent.os_name ? visibleLine(agent.os_name) : words(agent.os_family)}
        </span>
      ),
    },
    {
      id: "user",
      header: "User",
      meta: { className: "max-md:hidden", width: 104 },
      cell: ({ row: { original: agent } }) =>
        agent.user ? (
          <MachineText className="text-xs">{agent.user}</MachineText>
        ) : (
          <span className="text-muted">–</span>
        ),
    },
    meterColumn("cpu", "CPU", (agent) => agent.cpu_percent),
    meterColumn("memory", "Memory", (agent) => agent.memory_percent),
    meterColumn("disk", "Disk", (agent) => agent.disk_percent),
    {
      id: "last_seen",
      header: "Last seen",
      meta: { sort: "last_seen", downFirst: true, className: "max-md:hidden", width: 104 },
      cell: ({ row: { original: agent } }) =>
        agent.status === "online" ? (
          <span className="text-muted">now</span>
        ) : (
          <Time at={agent.last_seen} className="text-muted" />
        ),
    },
    {
      id: "version",
      header: "Agent",
      meta: { sort: "version", className: "max-md:hidden", width: 80 },
      cell: ({ row: { original: agent } }) =>
        agent.agent_version ? (
          <MachineText className="text-muted text-xs">{agent.agent_version}</MachineText>
        ) : (
          <span className="text-muted">–</span>
        ),
    },
  ];
}

function NameCell({ agent }: { agent: AgentRow }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <span className="min-w-0">
        <RowLink
          href={`/agents/${agent.id}`}
          className="block truncate rounded-sm hover:underline"
          aria-label={visibleLine(agent.hostname)}
        >
          <MachineText className="text-sm">{agent.hostname}</MachineText>
        </RowLink>
        <span className="block truncate text-muted text-xs md:hidden">
          {agent.client_name} › {agent.site_name}
        </span>
      </span>
      {agent.problems.length > 0 && (
        <span role="img" className="shrink-0 text-warn md:hidden" aria-label={`Problem: ${problemWords(agent)}`}>
          <TriangleAlert aria-hidden="true" className="size-3.5" />
        </span>
      )}
    </span>
  );
}

function Problem({ agent }: { agent: AgentRow }) {
  if (agent.problems.length === 0) return <span className="text-muted">–</span>;
  const said = problemWords(agent);
  return (
    <span className="flex items-center gap-1.5 text-warn" title={said}>
      <TriangleAlert aria-hidden="true" className="size-3.5 shrink-0" /> <span className="truncate">{said}</span>
    </span>
  );
}

function meterColumn(
  id: string,
  header: string,
  value: (agent: AgentRow) => number | null,
): ColumnDef<AgentRow, unknown> {
  return {
    id,
    header,
    meta: { sort: id, downFirst: true, className: "max-md:hidden", width: 100 },
    cell: ({ row: { original: agent } }) => (
      <Meter value={value(agent)} label={header} stale={agent.status === "offline"} />
    ),
  };
}
