import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Ban, RotateCcw, Trash2 } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import type { CommandDetail } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { useCan } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy";
import { useOpenDialog } from "@/components/dialog-host";
import { MachineText } from "@/components/machine-text";
import { Page } from "@/components/page";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { Time } from "@/components/time";
import { duration } from "@/lib/format";
import { visibleBlock, visibleLine } from "@/lib/visible-text";
import { commandQuery } from "../api/queries";
import { useLiveOutput } from "../api/use-live-output";
import { scriptTitle } from "../components/columns";
import { CommandStatusWord, isActive } from "../components/command-status";
import { exitWords } from "../components/exit-code";
import { openRunDialog } from "../components/open-run-dialog";
import { Output } from "../components/output";
import { Took } from "../components/took";
import { useCancelCommand, useDeleteCommand } from "../components/use-command-acts";

const route = getRouteApi("/app/commands/$commandId");
const POLL_MS = 5000;

export function CommandPage() {
  const { commandId } = route.useParams();
  const navigate = route.useNavigate();
  // The live socket says most of it at once; the slow question is for when the socket is away.
  const query = useQuery({
    ...commandQuery(commandId),
    refetchInterval: ({ state }) => (state.data && isActive(state.data) ? POLL_MS : false),
  });
  const command = query.data;
  const active = command ? isActive(command) : false;
  const live = useLiveOutput(commandId, active || command === undefined);
  const { refetch } = query;
  const wasActive = useRef(false);
  useEffect(() => {
    if (wasActive.current && !active) void refetch(); // the end: now the whole output is there
    wasActive.current = active;
  }, [active, refetch]);
  const cancel = useCancelCommand(commandId);
  const remove = useDeleteCommand(command, () => void navigate({ to: "/commands" }));
  const open = useOpenDialog();
  const canRun = useCan("commands.run");
  const canDelete = useCan("commands.delete");
  if (query.isError && !command) {
    return query.error instanceof ApiError && query.error.status === 404 ? (
      <EmptyState>This command isn't here. It may have been deleted.</EmptyState>
    ) : (
      <ErrorState error={query.error} what="We could not load this command." onRetry={() => query.refetch()} />
    );
  }
  if (!command) {
    return (
      <Page title="Command">
        <SkeletonLines lines={8} className="max-w-xl" />
      </Page>
    );
  }
  return (
    <Page
      title={scriptTitle(command.script).slice(0, 80)}
      fill
      crumbs={[
        { label: "Commands", to: "/commands" },
        { label: visibleLine(command.hostname), to: `/agents/${command.agent_id}/commands` },
      ]}
      heading={
        <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          <h1 className="min-w-0 max-w-full truncate font-mono font-semibold text-lg">{scriptTitle(command.script)}</h1>
          <CommandStatusWord command={command} />
        </div>
      }
      acts={
        <>
          {active && canRun && (
            <Button
              variant="danger"
              onClick={() => cancel.mutate()}
              busy={cancel.isPending}
              disabled={command.cancel_requested}
            >
              <Ban aria-hidden="true" className="size-3.5" /> Cancel command
            </Button>
          )}
          {canRun && (
            <Button
              onClick={() =>
                openRunDialog(
                  { kind: "agents", agents: [{ id: command.agent_id, hostname: command.hostname }] },
                  open,
                  command,
                )
              }
            >
              <RotateCcw aria-hidden="true" className="size-3.5" /> Run again
            </Button>
          )}
          {canDelete && (
            <Button onClick={() => void remove.ask()} busy={remove.busy}>
              <Trash2 aria-hidden="true" className="size-3.5" /> Delete
            </Button>
          )}
        </>
      }
    >
      <div className="grid min-h-0 flex-1 gap-4 lg:grid-cols-[300px_minmax(0,1fr)] lg:grid-rows-[minmax(0,1fr)]">
        <div className="min-w-0 space-y-4 lg:overflow-y-auto">
          <Facts command={command} />
          <div className="rounded-lg border bg-raised">
            <div className="flex items-center justify-between border-b py-1 pr-2 pl-4 text-xs">
              <span className="text-muted">Script for {command.shell}</span>
              <CopyButton value={command.script} label="Copy the script" />
            </div>
            <pre className="max-h-72 overflow-auto whitespace-pre-wrap p-4 font-mono text-xs [overflow-wrap:anywhere]">
              {visibleBlock(command.script)}
            </pre>
          </div>
        </div>
        <div className="flex min-h-64 min-w-0 flex-col">
          <Output command={command} live={active ? live : null} />
        </div>
      </div>
    </Page>
  );
}

function Facts({ command }: { command: CommandDetail }) {
  return (
    <dl className="space-y-2 rounded-lg border bg-raised p-4 text-sm">
      <Fact name="Machine">
        <Link to="/agents/$agentId" params={{ agentId: command.agent_id }} className="hover:underline">
          <MachineText className="line-clamp-3 break-all">{command.hostname}</MachineText>
        </Link>
      </Fact>
      <Fact name="Place">
        {command.client_name} › {command.site_name}
      </Fact>
      <Fact name="Exit code">
        <span className="font-mono">{exitWords(command.exit_code)}</span>
      </Fact>
      <Fact name="Took">
        <Took command={command} />
      </Fact>
      {command.message && <Fact name="Note">{visibleLine(command.message)}</Fact>}
      <Fact name="Asked for">
        <Time at={command.created_at} />
        {command.created_by && <span className="block break-all text-muted">{command.created_by}</span>}
      </Fact>
      {command.started_at && (
        <Fact name="Started">
          <Time at={command.started_at} />
        </Fact>
      )}
      <Fact name="Time limit">{duration(command.timeout_s)}</Fact>
      {command.status === "queued" && (
        <Fact name="Waits until">
          <Time at={command.deadline_at} />
          <span className="block text-muted">An offline machine runs it when it is back by then.</span>
        </Fact>
      )}
      {command.batch_id && (
        <Fact name="Run">
          <Link
            to="/commands/batch/$batchId"
            params={{ batchId: command.batch_id }}
            className="text-accent hover:underline"
          >
            All machines of this run
          </Link>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[84px_minmax(0,1fr)] gap-2">
      <dt className="text-muted text-xs leading-5">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
