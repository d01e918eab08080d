import { Link } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { ChevronRight } from "lucide-react";
import type { CommandRow } from "@/api/contract";
import "@/components/data-table/columns";
import { MachineText } from "@/components/machine-text";
import { RowLink } from "@/components/row-link";
import { Time } from "@/components/time";
import { cn } from "@/lib/cn";
import { counted } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { endingOf, type ResultGroup, resultLine } from "../api/triage";
import { CommandStatusWord } from "./command-status";
import { Took } from "./took";

/** The first line of a script that says something. */
export function scriptTitle(script: string): string {
  const line = script.split("\n").find((each) => each.trim() !== "" && !each.startsWith("#!"));
  return visibleLine((line ?? script).trim());
}

/** One script on many machines: each row is a machine, or several whose results are equal. */
export function resultColumns(
  onUnfold: (id: string) => void,
  unfolded: ReadonlySet<string>,
): ColumnDef<ResultGroup, unknown>[] {
  return [
    {
      id: "status",
      header: "Status",
      meta: { className: "w-32" },
      cell: ({ row }) => <CommandStatusWord command={row.original.first} />,
    },
    {
      id: "hostname",
      header: "Machine",
      cell: ({ row: { original: group } }) => (
        <Machines group={group} open={unfolded.has(group.id)} onUnfold={onUnfold} />
      ),
    },
    {
      id: "said",
      header: "What it said",
      meta: { className: "w-[42%] max-md:hidden" },
      cell: ({ row: { original: group } }) => {
        const line = resultLine(group.first);
        return line === null ? (
          <span className="text-muted">–</span>
        ) : (
          <MachineText className={cn("text-xs", endingOf(group.first) === "failed" && "text-bad")}>{line}</MachineText>
        );
      },
    },
    {
      id: "exit",
      header: "Exit",
      meta: { className: "w-14 max-lg:hidden", right: true },
      cell: ({ row }) => <span className="font-mono text-xs">{row.original.first.exit_code ?? "–"}</span>,
    },
    {
      id: "duration",
      header: "Took",
      meta: { className: "w-24 max-md:hidden", right: true },
      cell: ({ row: { original: group } }) =>
        group.members.length > 1 ? (
          <span className="text-muted">–</span>
        ) : (
          <Took command={group.first} className="text-muted text-xs" />
        ),
    },
  ];
}

function Machines({
  group: { id, first, members, inside },
  open,
  onUnfold,
}: {
  group: ResultGroup;
  open: boolean;
  onUnfold: (id: string) => void;
}) {
  if (members.length > 1) {
    const names = members.slice(0, 2).map(({ hostname }) => visibleLine(hostname));
    return (
      <button
        type="button"
        aria-expanded={open}
        onClick={() => onUnfold(id)}
        className="flex min-w-0 max-w-full items-center gap-1.5 rounded-sm hover:underline"
      >
        <ChevronRight aria-hidden="true" className={cn("size-3.5 shrink-0 text-muted", open && "rotate-90")} />
        <span className="shrink-0 font-medium">{counted(members.length, "machine")}</span>
        <bdi className="truncate font-mono text-muted text-xs">{names.join(", ")}…</bdi>
      </button>
    );
  }
  return (
    <span className={cn("block min-w-0", inside && "pl-6")}>
      <RowLink
        href={`/commands/${first.id}`}
        className="block truncate rounded-sm hover:underline"
        title="What the script said there"
      >
        <MachineText className="text-xs">{first.hostname}</MachineText>
      </RowLink>
      <span className="block truncate text-muted text-xs md:hidden">{visibleLine(resultLine(first) ?? "")}</span>
    </span>
  );
}

export function commandColumns(withMachine: boolean): ColumnDef<CommandRow, unknown>[] {
  const columns: ColumnDef<CommandRow, unknown>[] = [
    {
      id: "status",
      header: "Status",
      meta: { sort: "status", className: "w-32" },
      cell: ({ row }) => <CommandStatusWord command={row.original} />,
    },
    {
      id: "script",
      header: "Command",
      cell: ({ row: { original: command } }) => (
        <span className="min-w-0">
          <Link
            to="/commands/$commandId"
            params={{ commandId: command.id }}
            className="block truncate rounded-sm font-mono text-xs hover:underline"
            title={command.script.slice(0, 400)}
          >
            {scriptTitle(command.script)}
          </Link>
          <span className="block truncate text-muted text-xs md:hidden">
            {visibleLine(command.hostname)} · <Time at={command.created_at} />
          </span>
        </span>
      ),
    },
  ];
  if (withMachine) {
    columns.push({
      id: "hostname",
      header: "Machine",
      meta: { sort: "hostname", className: "w-[22%] max-md:hidden" },
      cell: ({ row: { original: command } }) => (
        <Link to="/agents/$agentId" params={{ agentId: command.agent_id }} className="hover:underline">
          <MachineText className="text-xs">{command.hostname}</MachineText>
        </Link>
      ),
    });
  }
  columns.push(
    {
      id: "exit",
      header: "Exit",
      meta: { className: "w-14 max-lg:hidden", right: true },
      cell: ({ row }) => <span className="font-mono text-xs">{row.original.exit_code ?? "–"}</span>,
    },
    {
      id: "duration",
      header: "Took",
      meta: { sort: "duration", downFirst: true, className: "w-24 max-md:hidden", right: true },
      cell: ({ row }) => <Took command={row.original} className="text-muted text-xs" />,
    },
    {
      id: "created_by",
      header: "By",
      meta: { className: "w-44 max-xl:hidden" },
      cell: ({ row }) => <span className="text-muted">{row.original.created_by ?? "–"}</span>,
    },
    {
      id: "created_at",
      header: "Started",
      meta: { sort: "created_at", downFirst: true, className: "w-28 max-md:hidden" },
      cell: ({ row }) => <Time at={row.original.created_at} className="text-muted" />,
    },
  );
  return columns;
}
