/** Keeps a terminal session attached: opens it, connects, reconnects with fresh tickets, and says how it stands. */
import { ApiError } from "@/api/errors";
import { socketUrl } from "@/api/live-socket";
import { Silence } from "@/lib/silence";
import { closeTunnel, freshTicket, openTunnel, ownSessions } from "../api/queries";
import { ChannelEngine, type Screen } from "./channel-engine";
import { TunnelEngine } from "./tunnel-engine";

export interface LinkView {
  phase: "opening" | "open" | "reconnecting" | "closed" | "failed" | "taken-over";
  sessionId: string | null;
  agent: "online" | "offline";
  notice: string;
  openedAt: number | null;
  lostAt: number | null;
  closed: { exitCode: number | null; reason: string | null } | null;
  error: unknown;
}

/** A session that is open already: of this tab before it was reloaded, or of another page. */
export interface Earlier {
  sessionId: string;
  /** Whether somebody asked for this one; else a new one is as good where it has ended. */
  wanted: boolean;
}

const FIRST_CHANNEL = 1;
const TAKEN_OVER = 4410;
const NO_SESSION = 4404;
const SESSION_CLOSED = 4409;
const LEFT = 4000;
const LONGEST_PAUSE_MS = 3000;
export const FIRST_VIEW: LinkView = {
  phase: "opening",
  sessionId: null,
  agent: "online",
  notice: "Keystrokes are recorded.",
  openedAt: null,
  lostAt: null,
  closed: null,
  error: null,
};

export class TerminalLink {
  /** The session's only channel here. */
  readonly terminal: ChannelEngine;
  private readonly engine: TunnelEngine;
  private view: LinkView = FIRST_VIEW;
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempts = 0;
  private ended = false;
  private readonly onView: (view: LinkView) => void;

  constructor(screen: Screen, onView: (view: LinkView) => void) {
    this.onView = onView;
    const onBroken = () => this.socket?.close(4000, "attach anew");
    this.engine = new TunnelEngine({ onAgent: (agent) => this.set({ agent }), onBroken });
    this.terminal = new ChannelEngine(FIRST_CHANNEL, { columns: 80, rows: 24 }, screen, {
      onAttached: () => {
        this.attempts = 0;
        this.set({ phase: "open", lostAt: null, openedAt: this.view.openedAt ?? Date.now(), agent: "online" });
      },
      onClosed: (exitCode, reason) => this.end({ exitCode, reason }),
      onBroken,
    });
    this.engine.add(this.terminal);
  }

  /** Goes back into an earlier session, or opens a new one. */
  async begin(agentId: string, earlier: Earlier | null, columns: number, rows: number): Promise<void> {
    try {
      if (earlier && (await this.comeBack(earlier.sessionId))) return;
    } catch (error) {
      if (!this.ended) this.set({ phase: "failed", error });
      return;
    }
    if (earlier?.wanted) return this.end({ exitCode: null, reason: "It has ended meanwhile." });
    if (!this.ended) await this.open(agentId, columns, rows);
  }

  /** Whether the session is still open; then it is attached. */
  private async comeBack(sessionId: string): Promise<boolean> {
    const { items } = await ownSessions();
    const session = items.find((each) => each.session_id === sessionId);
    if (!session || this.ended) return this.ended;
    const { stream_url: streamUrl } = await freshTicket(sessionId);
    if (this.ended) return true;
    this.set({ sessionId, openedAt: Date.parse(session.opened_at) });
    this.connect(streamUrl);
    return true;
  }

  /** Lets go of the session, which goes on without this tab for its grace. */
  leave(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.engine.disconnect();
    this.socket?.close(LEFT, "left");
  }

  async open(agentId: string, columns: number, rows: number): Promise<void> {
    try {
      const opened = await openTunnel(agentId, columns, rows);
      if (this.ended) return void closeTunnel(opened.session_id).catch(() => undefined);
      this.set({ sessionId: opened.session_id, notice: opened.notice || FIRST_VIEW.notice });
      this.connect(opened.stream_url);
    } catch (error) {
      if (!this.ended) this.set({ phase: "failed", error });
    }
  }

  /** Takes the session back from another window, or tries again at once. */
  retry(): void {
    if (this.ended || !this.view.sessionId || this.view.phase === "open") return;
    clearTimeout(this.timer);
    this.attempts = 0;
    this.set({ phase: "reconnecting", lostAt: this.view.lostAt ?? Date.now() });
    void this.reconnect();
  }

  /** Ends the shell, whether the stream stands or not. */
  async close(): Promise<void> {
    if (this.ended) return;
    const { sessionId } = this.view;
    this.engine.close();
    this.end({ exitCode: null, reason: "You ended it here." });
    this.socket?.close(1000);
    if (sessionId) await closeTunnel(sessionId);
  }

  private connect(streamUrl: string): void {
    const socket = new WebSocket(socketUrl(streamUrl));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    // Closing a silent line can take the browser a minute, so it counts as lost at once.
    const silence = new Silence(() => {
      socket.close(4000, "silent");
      this.dropped(socket, 1006);
    });
    socket.onopen = () => {
      silence.heard();
      this.engine.connect((data) => socket.readyState === WebSocket.OPEN && socket.send(data as never));
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      silence.heard();
      this.engine.take(event.data as string | ArrayBuffer);
    };
    socket.onclose = ({ code }) => {
      silence.stop();
      this.dropped(socket, code);
    };
  }

  private dropped(socket: WebSocket, code: number): void {
    if (this.socket !== socket) return;
    this.socket = null;
    this.engine.disconnect();
    this.lost(code);
  }

  private lost(code: number): void {
    if (this.ended) return;
    if (code === NO_SESSION || code === SESSION_CLOSED) return this.end({ exitCode: null, reason: "It has ended." });
    if (code === TAKEN_OVER) return this.set({ phase: "taken-over" });
    this.set({ phase: "reconnecting", lostAt: this.view.lostAt ?? Date.now() });
    const pause =
      this.attempts === 0 ? 50 : Math.min(LONGEST_PAUSE_MS, 250 * 2 ** this.attempts) * (0.5 + Math.random() / 2);
    this.attempts += 1;
    this.timer = setTimeout(() => void this.reconnect(), pause);
  }

  private async reconnect(): Promise<void> {
    const { sessionId } = this.view;
    if (this.ended || !sessionId) return;
    try {
      const { stream_url: streamUrl } = await freshTicket(sessionId);
      if (!this.ended) this.connect(streamUrl);
    } catch (error) {
      if (this.ended) return;
      if (error instanceof ApiError && (error.status === 404 || error.status === 409)) {
        return this.end({ exitCode: null, reason: "The connection was away for too long." });
      }
      if (error instanceof ApiError && (error.status === 401 || error.status === 403))
        return this.set({ phase: "failed", error });
      this.lost(1006);
    }
  }

  private end(closed: LinkView["closed"]): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.engine.disconnect();
    this.set({ phase: "closed", closed, lostAt: null });
  }

  private set(part: Partial<LinkView>): void {
    this.view = { ...this.view, ...part };
    this.onView(this.view);
  }
}
