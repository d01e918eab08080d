import "@xterm/xterm/css/xterm.css";
import { Link, useNavigate } from "@tanstack/react-router";
import { AArrowDown, AArrowUp, Circle, Maximize2, Minimize2, Power, Search } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { ApiError, messageOf } from "@/api/errors";
import { Button, IconButton } from "@/components/button";
import { useConfirm } from "@/components/confirm";
import { MachineText } from "@/components/machine-text";
import { notifyError } from "@/components/notify";
import { cn } from "@/lib/cn";
import { copyText } from "@/lib/copy-text";
import { clock } from "@/lib/format";
import { useTick } from "@/lib/use-tick";
import type { LinkView } from "../engine/terminal-link";
import { leaveTerminal, type TerminalSession, terminalFor } from "../engine/terminal-session";
import { FindBar } from "./find-bar";
import { KeyRow } from "./key-row";
import { OtherShells } from "./other-shells";
import { endWords } from "./words";

const SILENT_MS = 2000;

/** A shell on a machine: the screen, the sentence that it is recorded, the clock, and what to do when the line drops. */
export default function TerminalWorkspace({
  agentId,
  hostname,
  wanted,
}: {
  agentId: string;
  hostname: string;
  /** A session of one's own to go back into. */
  wanted?: string;
}) {
  const [session, setSession] = useState(() => terminalFor(agentId, hostname, wanted));
  const [full, setFull] = useState(false);
  const [finding, setFinding] = useState(false);
  const navigate = useNavigate();
  const view = useSyncExternalStore(session.subscribe, session.snapshot);
  const screen = useRef<HTMLElement>(null);
  useEffect(() => {
    if (screen.current) return session.show(screen.current);
  }, [session]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the screen takes the keys again when its size changes
  useEffect(() => session.terminal.focus(), [session, full]);
  const way = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    session.keyUser = {
      leave: () => way.current?.focus(),
      find: () => setFinding(true),
      copied: (text) =>
        void copyText(text)
          .then(
            (copied) =>
              copied ||
              notifyError("The browser did not let us copy.", new Error("Select the text and copy it by hand.")),
          )
          .finally(() => session.terminal.focus()),
    };
  }, [session]);
  const again = () => {
    leaveTerminal(agentId);
    if (wanted) void navigate({ to: "/agents/$agentId/terminal", params: { agentId }, replace: true });
    else setSession(terminalFor(agentId, hostname));
  };
  return (
    <div
      className={cn(
        "flex min-h-72 flex-1 flex-col overflow-hidden bg-terminal",
        full ? "fixed inset-0 z-30" : "-mx-4 md:-mx-6 -mb-6 -mt-4",
      )}
    >
      <WorkspaceBar
        session={session}
        view={view}
        full={full}
        way={way}
        onFull={() => setFull(!full)}
        onFind={() => setFinding(true)}
      />
      <OtherShells agentId={agentId} sessionId={view.sessionId} />
      <div className="relative min-h-0 flex-1">
        <section ref={screen} aria-label="Terminal" className="absolute inset-0 py-1 pl-2" />
        {finding && (
          <FindBar
            session={session}
            onClose={() => {
              setFinding(false);
              session.terminal.focus();
            }}
          />
        )}
        <Curtain view={view} refused={session.refused} onAgain={again} onRetry={() => session.link.retry()} />
      </div>
      {isGoing(view) && <KeyRow session={session} />}
    </div>
  );
}

function WorkspaceBar({
  session,
  view,
  full,
  way,
  onFull,
  onFind,
}: {
  session: TerminalSession;
  view: LinkView;
  full: boolean;
  /** Where a keyboard that leaves the terminal goes on. */
  way: React.Ref<HTMLButtonElement>;
  onFull: () => void;
  onFind: () => void;
}) {
  const going = isGoing(view);
  const now = useTick(1000, going);
  const end = useEnd(session);
  const Size = full ? Minimize2 : Maximize2;
  return (
    <div className="flex min-h-10 shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b bg-raised px-4 py-1 text-xs">
      {full && <MachineText className="max-w-64 truncate text-sm">{session.hostname}</MachineText>}
      {view.phase !== "closed" && view.phase !== "failed" && (
        <span className="inline-flex items-center gap-1.5 font-medium text-warn">
          <Circle aria-hidden="true" className="size-2.5 fill-bad text-bad" />
          {view.notice}
        </span>
      )}
      <span className="text-muted" role="status">
        {stateWords(view, session.link.terminal.waitingSince, now)}
      </span>
      <span className="ml-auto flex items-center gap-2">
        {view.openedAt !== null && going && (
          <span className="font-mono text-muted" title="How long this session is open">
            {clock(now - view.openedAt)}
          </span>
        )}
        {going && <span className="text-muted max-md:hidden">Shift Esc leaves the terminal</span>}
        <IconButton label="Find in the terminal" className="size-7" onClick={onFind}>
          <Search aria-hidden="true" className="size-3.5" />
        </IconButton>
        <IconButton label="Smaller letters" className="size-7" onClick={() => session.resizeFont(-1)}>
          <AArrowDown aria-hidden="true" className="size-4" />
        </IconButton>
        <IconButton label="Larger letters" className="size-7" onClick={() => session.resizeFont(1)}>
          <AArrowUp aria-hidden="true" className="size-4" />
        </IconButton>
        <IconButton ref={way} label={full ? "Back to the page" : "Fill the window"} className="size-7" onClick={onFull}>
          <Size aria-hidden="true" className="size-3.5" />
        </IconButton>
        {view.phase !== "closed" && view.phase !== "failed" && (
          <Button size="small" variant="danger" onClick={() => void end()}>
            <Power aria-hidden="true" className="size-3" /> End session
          </Button>
        )}
      </span>
    </div>
  );
}

function isGoing({ phase }: LinkView): boolean {
  return phase === "open" || phase === "reconnecting";
}

/** Ends the session; asks first where something runs. */
function useEnd(session: TerminalSession): () => Promise<void> {
  const confirm = useConfirm();
  return async () => {
    const sure =
      !session.runs ||
      (await confirm({
        title: "End this session?",
        consequence:
          "Something still runs in this shell and is stopped; what was started with nohup or disown goes on.",
        act: "End session",
      }));
    if (sure) await session.link.close().catch(() => undefined);
  };
}

function stateWords(view: LinkView, waitingSince: number | null, now: number): string {
  if (view.phase === "opening") return "Opening a shell…";
  if (view.phase === "reconnecting") return "Reconnecting. What you type is kept.";
  if (view.phase === "taken-over") return "Open in another window";
  if (view.phase === "closed") return "Closed";
  if (view.phase === "failed") return "Not opened";
  if (view.agent === "offline") return "The machine is away; the shell waits for it.";
  const silent = waitingSince === null ? 0 : now - waitingSince;
  return silent < SILENT_MS ? "Connected" : `No answer for ${Math.floor(silent / 1000)} s. What you type is kept.`;
}

/** What stands over the screen when it can't be used as it is. */
function Curtain({
  view,
  refused,
  onAgain,
  onRetry,
}: {
  view: LinkView;
  refused: string | null;
  onAgain: () => void;
  onRetry: () => void;
}) {
  if (refused && view.phase === "open") {
    return (
      <p
        role="alert"
        className="absolute inset-x-4 bottom-4 rounded-md border border-warn/50 bg-overlay px-3 py-2 text-sm text-warn"
      >
        {refused}
      </p>
    );
  }
  if (view.phase === "closed") {
    return (
      <Notice title="The session is closed." text={endWords(view.closed?.reason, view.closed?.exitCode)}>
        <Button variant="primary" onClick={onAgain}>
          Open a new terminal
        </Button>
        {view.sessionId && (
          <Link
            to="/sessions/$sessionId"
            params={{ sessionId: view.sessionId }}
            className="px-2 text-accent text-sm hover:underline"
          >
            Play the recording
          </Link>
        )}
      </Notice>
    );
  }
  if (view.phase === "failed") {
    const code = view.error instanceof ApiError ? view.error.code : null;
    const offline = code === "agent_offline";
    return (
      <Notice
        title={offline ? "The machine is offline." : "The terminal could not be opened."}
        text={offline ? "A terminal needs the machine to be online." : messageOf(view.error)}
      >
        <Button onClick={onAgain}>Try again</Button>
        {code === "too_many_sessions" && (
          <Link to="/sessions" search={{ status: "open" }} className="px-2 text-accent text-sm hover:underline">
            See which are open
          </Link>
        )}
      </Notice>
    );
  }
  if (view.phase === "taken-over") {
    return (
      <Notice title="Another window took this session over." text="The shell goes on there.">
        <Button onClick={onRetry}>Take it back</Button>
      </Notice>
    );
  }
  return null;
}

function Notice({ title, text, children }: { title: string; text: string; children: React.ReactNode }) {
  return (
    <div className="absolute inset-x-0 bottom-0 flex animate-appear flex-wrap items-center gap-x-4 gap-y-2 border-t bg-raised px-4 py-3">
      <p className="min-w-0 flex-1 basis-56 text-sm">
        <span className="font-semibold">{title}</span> <span className="text-muted">{text}</span>
      </p>
      <div className="flex items-center gap-2">{children}</div>
    </div>
  );
}
