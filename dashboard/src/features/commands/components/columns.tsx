import { Link } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import type { CommandRow } from "@/api/contract";
import "@/components/data-table/columns";
import { MachineText } from "@/components/machine-text";
import { Time } from "@/components/time";
import { elapsed } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { CommandStatusWord } from "./command-status";

/** The first line of a script that says something. */
export function scriptTitle(script: string): string {
  const line = script.split("\n").find((each) => each.trim() !== "" && !each.startsWith("#!"));
  return visibleLine((line ?? script).trim());
}

const STATUS: ColumnDef<CommandRow, unknown> = {
  id: "status",
  header: "Status",
  meta: { sort: "status", className: "w-32" },
  cell: ({ row }) => <CommandStatusWord command={row.original} />,
};

/** One script on many machines: each row is a machine, and leads to what the script said there. */
export function resultColumns(): ColumnDef<CommandRow, unknown>[] {
  const [, , ...figures] = commandColumns(false);
  return [
    STATUS,
    {
      id: "hostname",
      header: "Machine",
      meta: { sort: "hostname" },
      cell: ({ row: { original: command } }) => (
        <Link
          to="/commands/$commandId"
          params={{ commandId: command.id }}
          className="block truncate rounded-sm hover:underline"
          title="What the script said there"
        >
          <MachineText className="text-xs">{command.hostname}</MachineText>
        </Link>
      ),
    },
    {
      id: "first_line",
      header: "Output",
      meta: { className: "w-[38%] max-md:hidden" },
      cell: ({ row: { original: command } }) =>
        command.first_line ? (
          <MachineText className="text-xs">{command.first_line}</MachineText>
        ) : (
          <span className="text-muted">{command.message && visibleLine(command.message)}</span>
        ),
    },
    ...figures,
  ];
}

export function commandColumns(withMachine: boolean): ColumnDef<CommandRow, unknown>[] {
  const columns: ColumnDef<CommandRow, unknown>[] = [
    STATUS,
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
      cell: ({ row }) => (
        <span className="font-mono text-muted text-xs">
          {row.original.duration_ms === null ? "–" : elapsed(row.original.duration_ms)}
        </span>
      ),
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
