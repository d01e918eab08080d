import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Ban, Copy, RotateCcw } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { CommandRow } from "@/api/contract";
import { rowsOf } from "@/api/queries";
import { useAct } from "@/api/use-act";
import { useCan } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { useConfirm } from "@/components/confirm";
import { DataTable } from "@/components/data-table/data-table";
import { rowsAsTable } from "@/components/data-table/list-table";
import { useOpenDialog } from "@/components/dialog-host";
import { notifyDone, notifyError } from "@/components/notify";
import { Page } from "@/components/page";
import { EmptyState, ErrorState } from "@/components/states";
import { counted } from "@/lib/format";
import { type LiveOutput, mergeLines } from "../api/live";
import { cancelCommand, commandsQuery, refreshCommands, sumsQuery } from "../api/queries";
import { countsOf, endingOf, grouped, type ResultGroup, triaged } from "../api/triage";
import { useCommandOutput } from "../api/use-command-output";
import { resultColumns, scriptTitle } from "../components/columns";
import { isActive } from "../components/command-status";
import { openRunDialog } from "../components/open-run-dialog";
import { ResultChips } from "../components/result-chips";

const route = getRouteApi("/app/commands/batch/$batchId");
const rowId = (group: ResultGroup) => group.id;
const POLL_MS = 4000;
const AT_ONCE = 6;
const PAGE = 200;

/** One script on many machines, as a triage: what needs somebody first, equal results together, and again for those. */
export function BatchPage() {
  const { batchId } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate();
  const open = useOpenDialog();
  const canRun = useCan("commands.run");
  const commands = useResults(batchId);
  const rows = useMemo(() => triaged(rowsOf(commands.data)), [commands.data]);
  const sums = useQuery({ ...sumsQuery(batchId), refetchInterval: rows.some(isActive) ? POLL_MS : false });
  const shown = useMemo(
    () => (search.show === undefined ? rows : rows.filter((row) => endingOf(row) === search.show)),
    [rows, search.show],
  );
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const groups = useMemo(
    () => (search.group === "no" ? shown.map(alone) : grouped(shown, unfolded)),
    [shown, unfolded, search.group],
  );
  const [visible, setVisible] = useState<string[]>([]);
  const cache = useQueryClient();
  useCommandOutput(
    visible,
    useCallback((output: LiveOutput) => mergeLines(cache, output), [cache]),
  );
  const unfold = useCallback(
    (id: string) =>
      setUnfolded((before) => {
        const next = new Set(before);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    [],
  );
  const columns = useMemo(() => resultColumns(unfold, unfolded), [unfold, unfolded]);
  const active = rows.filter(isActive);
  const failed = rows.filter((row) => endingOf(row) === "failed");
  const cancel = useCancelAll(active);
  const [first] = rows;
  const total = sums.data?.total ?? rows.length;
  const again = (which: readonly CommandRow[]) =>
    openRunDialog(
      { kind: "agents", agents: which.map(({ agent_id, hostname }) => ({ id: agent_id, hostname })) },
      open,
      first,
    );
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
      acts={
        first &&
        canRun && (
          <>
            {active.length > 0 && (
              <Button variant="danger" onClick={() => void cancel.ask()} busy={cancel.busy}>
                <Ban aria-hidden="true" className="size-3.5" /> Cancel the rest
              </Button>
            )}
            {failed.length > 0 && failed.length < rows.length && (
              <Button variant="primary" onClick={() => again(failed)}>
                <RotateCcw aria-hidden="true" className="size-3.5" /> Run again on {failed.length} failed
              </Button>
            )}
            <Button onClick={() => again(rows)}>
              <Copy aria-hidden="true" className="size-3.5" /> Run again
            </Button>
          </>
        )
      }
    >
      {sums.data && sums.data.total > 0 && (
        <ResultChips
          total={sums.data.total}
          counts={countsOf(sums.data)}
          search={search}
          onSearch={(next) => navigate({ to: ".", search: next, replace: true })}
        />
      )}
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <DataTable<ResultGroup>
          name="Results by machine"
          {...rowsAsTable(groups, rowId)}
          columns={columns}
          rowId={rowId}
          loading={commands.isPending}
          onVisible={useCallback((ids: string[]) => setVisible(ids.map((id) => id.split(" ")[0] ?? id)), [])}
          onOpen={(group) =>
            group.members.length > 1
              ? unfold(group.id)
              : navigate({ to: "/commands/$commandId", params: { commandId: group.first.id } })
          }
          instead={
            commands.isError ? (
              <ErrorState error={commands.error} what="We could not load the results." onRetry={commands.refetch} />
            ) : search.show ? (
              <EmptyState>No result of that kind.</EmptyState>
            ) : (
              <EmptyState>The commands of this run were deleted.</EmptyState>
            )
          }
        />
      </div>
    </Page>
  );
}

function alone(command: CommandRow): ResultGroup {
  return { id: command.id, first: command, members: [command], inside: false };
}

/** All results of a run: read page by page to the end, again while something is not over, and once when it is. */
function useResults(batchId: string) {
  const commands = useInfiniteQuery({
    ...commandsQuery({ batch_id: batchId, sort: "triage" }, PAGE),
    refetchInterval: ({ state }) => (rowsOf(state.data).some(isActive) ? POLL_MS : false),
  });
  const { hasNextPage, isFetching, isError, fetchNextPage, refetch } = commands;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
  const active = rowsOf(commands.data).some(isActive);
  const wasActive = useRef(false);
  useEffect(() => {
    if (wasActive.current && !active) void refetch(); // the last line of the last one is there now
    wasActive.current = active;
  }, [active, refetch]);
  return commands;
}

function useCancelAll(active: CommandRow[]) {
  const confirm = useConfirm();
  const cache = useQueryClient();
  const cancel = useAct({
    mutationFn: cancelEach,
    onSuccess: async (failures, ids) => {
      await refreshCommands(cache);
      if (failures.length > 0)
        notifyError(`${counted(failures.length, "command")} could not be cancelled.`, failures[0]);
      else notifyDone(`${counted(ids.length, "command")} cancelled.`);
    },
  });
  const ask = async () => {
    const sure = await confirm({
      title: "Cancel the rest of this run?",
      consequence: `Cancels ${counted(active.length, "command")} that ${active.length === 1 ? "has" : "have"} not finished. What they did already stays done.`,
      act: "Cancel them",
      count: active.length,
    });
    if (sure) cancel.mutate(active.map((command) => command.id));
  };
  return { ask, busy: cancel.isPending };
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
