import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Ban, Copy } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import type { CommandRow, CommandStatus } from "@/api/contract";
import { rowsOf, totalOf } from "@/api/queries";
import { useCan } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { useConfirm } from "@/components/confirm";
import { ListTable } from "@/components/data-table/list-table";
import { useOpenDialog } from "@/components/dialog-host";
import { notifyDone, notifyError } from "@/components/notify";
import { Page } from "@/components/page";
import { EmptyState } from "@/components/states";
import { counted, words } from "@/lib/format";
import { type LiveOutput, mergeFirstLine } from "../api/live";
import { cancelCommand, commandsQuery, refreshCommands } from "../api/queries";
import { useCommandOutput } from "../api/use-command-output";
import { resultColumns, scriptTitle } from "../components/columns";
import { isActive } from "../components/command-status";
import { openRunDialog } from "../components/open-run-dialog";

const route = getRouteApi("/app/commands/batch/$batchId");
const rowId = (command: CommandRow) => command.id;
const POLL_MS = 4000;
const AT_ONCE = 6;

/** One script on many machines: a row each, and the sum of how they end. */
export function BatchPage() {
  const { batchId } = route.useParams();
  const navigate = useNavigate();
  const open = useOpenDialog();
  const canRun = useCan("commands.run");
  const commands = useInfiniteQuery({
    ...commandsQuery({ batch_id: batchId, sort: "hostname" }, 200),
    refetchInterval: ({ state }) => (rowsOf(state.data).some(isActive) ? POLL_MS : false),
  });
  const rows = rowsOf(commands.data);
  const [visible, setVisible] = useState<string[]>([]);
  const cache = useQueryClient();
  useCommandOutput(
    visible,
    useCallback((output: LiveOutput) => mergeFirstLine(cache, output), [cache]),
  );
  const columns = useMemo(() => resultColumns(), []);
  const cancel = useCancelAll(rows.filter(isActive));
  const [first] = rows;
  const total = totalOf(commands.data) ?? 0;
  return (
    <Page
      title={first ? scriptTitle(first.script).slice(0, 80) : "Run"}
      fill
      crumbs={[
        { label: "Commands", to: "/commands" },
        { label: first ? `Run on ${counted(total, "machine")}` : "Run" },
      ]}
      heading={
        <h1 className="truncate font-mono font-semibold text-lg">{first ? scriptTitle(first.script) : "Run"}</h1>
      }
      note={<Sums rows={rows} total={total} />}
      acts={
        first &&
        canRun && (
          <>
            {rows.some(isActive) && (
              <Button variant="danger" onClick={() => void cancel.ask()} busy={cancel.busy}>
                <Ban aria-hidden="true" className="size-3.5" /> Cancel the rest
              </Button>
            )}
            <Button
              onClick={() =>
                openRunDialog(
                  { kind: "agents", agents: rows.map(({ agent_id, hostname }) => ({ id: agent_id, hostname })) },
                  open,
                  first.script,
                )
              }
            >
              <Copy aria-hidden="true" className="size-3.5" /> Run again
            </Button>
          </>
        )
      }
    >
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<CommandRow>
          name="Results by machine"
          what="the results"
          list={commands}
          columns={columns}
          rowId={rowId}
          onVisible={setVisible}
          onOpen={(command) => navigate({ to: "/commands/$commandId", params: { commandId: command.id } })}
          empty={<EmptyState>The commands of this run were deleted.</EmptyState>}
        />
      </div>
    </Page>
  );
}

function Sums({ rows, total }: { rows: CommandRow[]; total: number }) {
  const sums = new Map<CommandStatus, number>();
  for (const { status } of rows) sums.set(status, (sums.get(status) ?? 0) + 1);
  const parts = [...sums].map(([status, number]) => `${number} ${words(status).toLowerCase()}`);
  const rest = total - rows.length;
  return <span role="status">{[...parts, ...(rest > 0 ? [`${rest} not loaded yet`] : [])].join(" · ") || " "}</span>;
}

function useCancelAll(active: CommandRow[]) {
  const confirm = useConfirm();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const ask = async () => {
    const sure = await confirm({
      title: "Cancel the rest of this run?",
      consequence: `Cancels ${counted(active.length, "command")} that ${active.length === 1 ? "has" : "have"} not finished. What they did already stays done.`,
      act: "Cancel them",
      count: active.length,
    });
    if (!sure) return;
    setBusy(true);
    const failures = await cancelEach(active.map((command) => command.id));
    setBusy(false);
    await refreshCommands(cache);
    if (failures.length > 0) notifyError(`${counted(failures.length, "command")} could not be cancelled.`, failures[0]);
    else notifyDone(`${counted(active.length, "command")} cancelled.`);
  };
  return { ask, busy };
}

/** Cancels a few at a time; the errors of those that could not be. */
async function cancelEach(ids: string[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  const rest = [...ids];
  const worker = async () => {
    for (let id = rest.shift(); id !== undefined; id = rest.shift()) {
      await cancelCommand(id).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}
