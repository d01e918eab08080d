import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Eraser, SquareChevronRight } from "lucide-react";
import { type ReactNode, useCallback, useMemo } from "react";
import type { CommandRow, EventRow } from "@/api/contract";
import type { SortOf } from "@/api/paths";
import { totalOf } from "@/api/queries";
import { useAct } from "@/api/use-act";
import { useListChanges } from "@/api/use-list-changes";
import { useCan } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { ChangesChip } from "@/components/changes-chip";
import { useConfirm } from "@/components/confirm";
import { ListTable } from "@/components/data-table/list-table";
import { SelectField } from "@/components/field";
import { notifyDone, notifyError } from "@/components/notify";
import { SearchField } from "@/components/search-field";
import { EmptyState } from "@/components/states";
import { counted, words } from "@/lib/format";
import { clearFinished, commandsQuery, refreshCommands } from "../api/queries";
import { type CommandsSearch, STATUSES } from "../search";
import { commandColumns } from "./columns";

const rowId = (command: CommandRow) => command.id;

/** The commands of a Partner or of one machine, with filters that live in the URL. */
export function CommandList({
  agentId,
  search,
  onSearch,
  acts,
}: {
  agentId?: string;
  search: CommandsSearch;
  onSearch: (next: CommandsSearch) => void;
  acts?: ReactNode;
}) {
  const navigate = useNavigate();
  const canDelete = useCan("commands.delete");
  const commands = useInfiniteQuery(commandsQuery({ ...search, agent_id: agentId }));
  const changes = useListChanges(
    commands.dataUpdatedAt,
    useCallback(
      ({ id, name, agent_id }: EventRow) =>
        name === "command.queued" && (!agentId || agent_id === agentId) ? id : null,
      [agentId],
    ),
  );
  const clear = useClearFinished(agentId);
  const columns = useMemo(() => commandColumns(agentId === undefined), [agentId]);
  const filtered = Boolean(search.search || search.state || search.status);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => onSearch({ ...search, search: text })}
          label="Search commands"
          placeholder="Script, machine, person…"
          className="min-w-48 flex-1 md:max-w-sm"
        />
        <SelectField
          label="Status"
          hideLabel
          className="h-8 w-auto"
          value={search.status ?? search.state ?? ""}
          onChange={(event) => onSearch(withStatus(search, event.target.value))}
        >
          <option value="">Every status</option>
          <option value="active">Active: waiting or running</option>
          <option value="finished">Finished</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {words(status)}
            </option>
          ))}
        </SelectField>
        <span className="text-muted text-xs">{commands.data && counted(totalOf(commands.data) ?? 0, "command")}</span>
        <ChangesChip changes={changes} onShow={() => commands.refetch()} busy={commands.isRefetching} />
        <div className="ml-auto flex gap-2">
          {canDelete && (
            <Button onClick={() => void clear.ask()} busy={clear.busy}>
              <Eraser aria-hidden="true" className="size-3.5" /> Clear finished
            </Button>
          )}
          {acts}
        </div>
      </div>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<CommandRow, SortOf<"/commands">>
          name="Commands"
          what="the commands"
          list={commands}
          columns={columns}
          rowId={rowId}
          sort={search.sort ?? "-created_at"}
          onSort={(sort) => onSearch({ ...search, sort })}
          onOpen={(command) => navigate({ to: "/commands/$commandId", params: { commandId: command.id } })}
          empty={
            filtered ? (
              <EmptyState
                icon={SquareChevronRight}
                act={<Button onClick={() => onSearch({})}>Show all commands</Button>}
              >
                No command matches.
              </EmptyState>
            ) : (
              <EmptyState icon={SquareChevronRight}>
                {agentId
                  ? "Commands that are run on this machine will be listed here, with their output. Choose Run command."
                  : "Commands that are run will be listed here, with their output. Open a machine, or select several in the fleet, and choose Run command."}
              </EmptyState>
            )
          }
        />
      </div>
    </>
  );
}

function withStatus(search: CommandsSearch, value: string): CommandsSearch {
  const state = value === "active" || value === "finished" ? value : undefined;
  return { ...search, state, status: state ? undefined : STATUSES.find((status) => status === value) };
}

function useClearFinished(agentId: string | undefined) {
  const confirm = useConfirm();
  const cache = useQueryClient();
  const clear = useAct({
    mutationFn: () => clearFinished(agentId ?? null),
    onSuccess: async ({ deleted }) => {
      await refreshCommands(cache);
      notifyDone(`${counted(deleted, "finished command")} cleared.`);
    },
    onError: (error) => notifyError("Nothing was cleared.", error),
  });
  const ask = async () => {
    const finished = await cache
      .fetchInfiniteQuery(commandsQuery({ agent_id: agentId, state: "finished" }, 1))
      .catch((error) => notifyError("We could not count the finished commands.", error));
    if (!finished) return;
    const number = totalOf(finished) ?? 0;
    if (number === 0) return notifyDone("There is no finished command to clear.");
    const sure = await confirm({
      title: "Clear finished commands?",
      consequence: `Deletes ${counted(number, "finished command")} ${agentId ? "of this machine" : "of all machines"} with their output. Waiting and running ones stay.`,
      act: "Clear",
      count: number,
    });
    if (sure) clear.mutate();
  };
  return { ask, busy: clear.isPending };
}
