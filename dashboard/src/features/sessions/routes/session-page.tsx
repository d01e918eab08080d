import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Power, SquareTerminal } from "lucide-react";
import { lazy, type ReactNode, Suspense, useMemo } from "react";
import type { TechSession } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { keys } from "@/api/keys";
import { useAct } from "@/api/use-act";
import { useSessionEvents } from "@/api/use-sessions";
import { useCan, useMe } from "@/api/use-sign-in";
import { Button, buttonClass } from "@/components/button";
import { useConfirm } from "@/components/confirm";
import { MachineText } from "@/components/machine-text";
import { notifyError } from "@/components/notify";
import { Page } from "@/components/page";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { Time } from "@/components/time";
import { bytes } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { mayEnd } from "../api/may-end";
import { endSession, recordingQuery, sessionQuery } from "../api/queries";
import { parseRecording } from "../api/recording";
import { SessionStatus, sessionLength } from "../components/session-list";

const Player = lazy(() => import("../components/player"));
const route = getRouteApi("/app/sessions/$sessionId");

export function SessionPage() {
  const { sessionId } = route.useParams();
  const session = useQuery({ ...sessionQuery(sessionId), refetchOnMount: "always" });
  useSessionEvents(
    useMemo(() => keys.session(sessionId), [sessionId]),
    sessionId,
  );
  const me = useMe();
  const seesAudit = useCan("audit.read");
  const opensTerminals = useCan("tunnel.open");
  if (session.isError && !session.data) {
    return session.error instanceof ApiError && session.error.status === 404 ? (
      <EmptyState>There is no such session.</EmptyState>
    ) : (
      <ErrorState error={session.error} what="We could not load this session." onRetry={() => session.refetch()} />
    );
  }
  const data = session.data;
  return (
    <Page
      title={data ? `Session on ${visibleLine(data.hostname)}` : "Session"}
      fill
      crumbs={[
        { label: "Sessions", to: "/sessions" },
        ...(data ? [{ label: visibleLine(data.hostname), to: `/agents/${data.agent_id}/sessions` }] : []),
      ]}
      acts={
        data && (
          <>
            {opensTerminals && <ShellLink session={data} mine={data.opened_by === me.email} />}
            {mayEnd(me, data) && <EndButton session={data} />}
          </>
        )
      }
    >
      {data ? (
        <div className="grid min-h-0 flex-1 gap-4 lg:grid-cols-[280px_minmax(0,1fr)] lg:grid-rows-[minmax(0,1fr)]">
          <dl className="h-fit space-y-2 rounded-lg border bg-raised p-4 text-sm">
            <Fact name="Status">
              <SessionStatus status={data.status} />
            </Fact>
            <Fact name="Machine">
              <Link to="/agents/$agentId" params={{ agentId: data.agent_id }} className="hover:underline">
                <MachineText className="line-clamp-3 break-all">{data.hostname}</MachineText>
              </Link>
            </Fact>
            <Fact name="Opened">
              <Time at={data.opened_at} />
            </Fact>
            <Fact name="By">
              <span className="break-all">{data.opened_by ?? "–"}</span>
            </Fact>
            {data.status === "closed" && <Fact name="Lasted">{sessionLength(data)}</Fact>}
            {data.left_at && data.status !== "closed" && (
              <Fact name="Left">
                <Time at={data.left_at} />, ends <Time at={data.ends_at} />
              </Fact>
            )}
            {data.ended_because && <Fact name="Ended">{visibleLine(data.ended_because)}</Fact>}
            {data.exit_code !== null && (
              <Fact name="Exit code">
                <span className="font-mono">{data.exit_code}</span>
              </Fact>
            )}
            <Fact name="Typed">{bytes(data.input_bytes)}</Fact>
            <Fact name="Shown">{bytes(data.output_bytes)}</Fact>
            {data.reason && <Fact name="Why">{visibleLine(data.reason)}</Fact>}
            {data.left_out_bytes > 0 && (
              <Fact name="Left out">
                <span className="text-warn">{bytes(data.left_out_bytes)} of the output are not in the recording</span>
              </Fact>
            )}
            {seesAudit && (
              <Fact name="Audit">
                <Link
                  to="/settings/audit"
                  search={{ session_id: sessionId, kind: "tunnel" }}
                  className="text-accent hover:underline"
                >
                  Every keystroke
                </Link>
              </Fact>
            )}
          </dl>
          <div className="flex min-h-72 min-w-0 flex-col">
            <Replay sessionId={sessionId} />
          </div>
        </div>
      ) : (
        <SkeletonLines lines={8} className="max-w-xl" />
      )}
    </Page>
  );
}

function Replay({ sessionId }: { sessionId: string }) {
  const recording = useQuery(recordingQuery(sessionId));
  const parsed = useMemo(
    () => (recording.data === undefined ? null : parseRecording(recording.data)),
    [recording.data],
  );
  if (recording.isPending) return <SkeletonLines lines={6} />;
  if (recording.isError && !parsed)
    return (
      <ErrorState error={recording.error} what="We could not load the recording." onRetry={() => recording.refetch()} />
    );
  if (!parsed || parsed.events.length === 0)
    return <EmptyState>Nothing has been shown in this session yet.</EmptyState>;
  return (
    <Suspense fallback={<SkeletonLines lines={6} />}>
      <Player recording={parsed} />
    </Suspense>
  );
}

/** The way back: into the shell while it is one's own and open, else to a new one on the same machine. */
function ShellLink({ session, mine }: { session: TechSession; mine: boolean }) {
  const back = mine && session.status !== "closed";
  return (
    <Link
      to="/agents/$agentId/terminal"
      params={{ agentId: session.agent_id }}
      search={back ? { session: session.session_id } : {}}
      className={buttonClass({ variant: back ? "primary" : "plain" })}
    >
      <SquareTerminal aria-hidden="true" className="size-3.5" /> {back ? "Back to the shell" : "Open a terminal"}
    </Link>
  );
}

function EndButton({ session }: { session: TechSession }) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const end = useAct({
    mutationFn: () => endSession(session.session_id),
    onSettled: () =>
      Promise.all(
        [keys.session(session.session_id), keys.sessionLists, keys.ownSessions, keys.overview].map((queryKey) =>
          cache.invalidateQueries({ queryKey }),
        ),
      ),
    onError: (error) => notifyError("The session was not ended.", error),
  });
  const ask = async () => {
    const sure = await confirm({
      title: "End this session?",
      consequence: `Ends 1 shell on ${visibleLine(session.hostname)}; what runs in it is stopped, but for what was started with nohup or disown. The recording is kept.`,
      act: "End session",
    });
    if (sure) end.mutate();
  };
  return (
    <Button variant="danger" onClick={() => void ask()} busy={end.isPending}>
      <Power aria-hidden="true" className="size-3.5" /> End session
    </Button>
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
