/**
 * The one live socket of a tab: gets a ticket, connects, tells the server what is being looked at, comes back with
 * growing pauses when it drops. Knows nothing of React or of caches; `live.tsx` gives it both.
 */
import { Silence } from "@/lib/silence";
import type { LiveMessage } from "./contract";
import type { Answer } from "./paths";

type Ticket = Answer<"/live/ticket", "post">;

export interface LiveStatus {
  state: "connecting" | "open" | "waiting" | "stopped";
  /** When the connection was last lost, in ms since the epoch; null while it stands or before the first try. */
  lostAt: number | null;
}

interface Interest {
  visible: string[];
  watch: string | null;
  commands: string[];
}

export interface LiveSocketParts {
  ticket: () => Promise<Ticket>;
  open: (url: string) => WebSocket;
  onMessage: (message: LiveMessage) => void;
  onStatus: (status: LiveStatus) => void;
  random?: () => number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const WATCH_RENEW_MS = 20_000;

export class LiveSocket {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchTimer: ReturnType<typeof setInterval> | undefined;
  private attempts = 0;
  private status: LiveStatus = { state: "stopped", lostAt: null };
  private interest: Interest = { visible: [], watch: null, commands: [] };
  private readonly parts: LiveSocketParts;

  constructor(parts: LiveSocketParts) {
    this.parts = parts;
  }

  start(): void {
    if (this.status.state !== "stopped") return;
    this.watchTimer = setInterval(() => this.sendWatch(), WATCH_RENEW_MS);
    void this.connect();
  }

  stop(): void {
    clearTimeout(this.timer);
    clearInterval(this.watchTimer);
    this.setStatus({ state: "stopped", lostAt: null });
    this.socket?.close(1000);
    this.socket = null;
  }

  /** Tries at once instead of waiting out the pause (the machine woke up, or the person asked). */
  nudge(): void {
    if (this.status.state !== "waiting") return;
    clearTimeout(this.timer);
    this.attempts = 0;
    void this.connect();
  }

  setVisible(ids: string[]): void {
    this.interest.visible = ids.slice(0, 500);
    this.send({ type: "visible", agent_ids: this.interest.visible });
  }

  setWatch(id: string | null): void {
    this.interest.watch = id;
    this.send({ type: "watch", agent_id: id });
  }

  setCommands(ids: string[]): void {
    this.interest.commands = ids.slice(0, 200);
    this.send({ type: "commands", ids: this.interest.commands });
  }

  private async connect(): Promise<void> {
    this.setStatus({ state: "connecting", lostAt: this.status.lostAt });
    let ticket: Ticket;
    try {
      ticket = await this.parts.ticket();
    } catch {
      // No ticket is the same to us as no socket: the status says so, and the pause decides when to ask again.
      if (!this.isStopped()) this.waitAndRetry();
      return;
    }
    if (this.isStopped()) return;
    const socket = this.parts.open(ticket.stream_url);
    this.socket = socket;
    // Closing a silent line can take the browser a minute, so it counts as lost at once.
    const silence = new Silence(() => {
      socket.close(4000);
      this.dropped(socket);
    });
    socket.onopen = () => {
      silence.heard();
      this.opened();
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      silence.heard();
      if (typeof event.data !== "string") return;
      const message = JSON.parse(event.data) as LiveMessage;
      if (message.type === "hello") this.stands();
      this.parts.onMessage(message);
    };
    socket.onclose = () => {
      silence.stop();
      this.dropped(socket);
    };
  }

  private dropped(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    if (!this.isStopped()) this.waitAndRetry();
  }

  private isStopped(): boolean {
    return this.status.state === "stopped";
  }

  /** The server listens for us: only from now on is what we show live. */
  private stands(): void {
    this.attempts = 0;
    this.setStatus({ state: "open", lostAt: null });
  }

  private opened(): void {
    const { visible, watch, commands } = this.interest;
    if (visible.length > 0) this.send({ type: "visible", agent_ids: visible });
    if (commands.length > 0) this.send({ type: "commands", ids: commands });
    if (watch !== null) this.send({ type: "watch", agent_id: watch });
  }

  private waitAndRetry(): void {
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.attempts);
    const pause = ceiling / 2 + ((this.parts.random ?? Math.random)() * ceiling) / 2;
    this.attempts += 1;
    this.setStatus({ state: "waiting", lostAt: this.status.lostAt ?? Date.now() });
    this.timer = setTimeout(() => void this.connect(), pause);
  }

  private sendWatch(): void {
    if (this.interest.watch !== null) this.send({ type: "watch", agent_id: this.interest.watch });
  }

  private send(message: object): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  private setStatus(status: LiveStatus): void {
    this.status = status;
    this.parts.onStatus(status);
  }
}

/** The absolute ws:// or wss:// address of a stream path on the page's own host. */
export function socketUrl(path: string): string {
  const url = new URL(path, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.toString();
}
