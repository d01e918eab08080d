/**
 * The one live socket of a tab: gets a ticket, connects, tells the server what is being looked at, comes back with
 * growing pauses when it drops. Knows nothing of React or of caches; `live.tsx` gives it both.
 */
import { Silence } from "@/lib/silence";
import type { LiveMessage } from "./live-contribution";
import type { AnswerOf } from "./paths";

type Ticket = AnswerOf<"/live/ticket", "post">;

export interface LiveStatus {
  state: "connecting" | "open" | "waiting" | "stopped";
  /** When the connection was last lost, in ms since the epoch; null while it stands or before the first try. */
  lostAt: number | null;
}

/** What is being looked at, as the server is told of it: `{ type: "watch", agent_id }`. */
export type Interest = { type: string } & Record<string, unknown>;

interface LiveSocketParts {
  ticket: () => Promise<Ticket>;
  open: (url: string) => WebSocket;
  onMessage: (message: LiveMessage) => void;
  onStatus: (status: LiveStatus) => void;
  random?: () => number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const RENEW_MS = 20_000;

export class LiveSocket {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private renewTimer: ReturnType<typeof setInterval> | undefined;
  private attempts = 0;
  private status: LiveStatus = { state: "stopped", lostAt: null };
  private readonly interests = new Map<string, { interest: Interest; renewed: boolean }>();
  private readonly parts: LiveSocketParts;

  constructor(parts: LiveSocketParts) {
    this.parts = parts;
  }

  start(): void {
    if (this.status.state !== "stopped") return;
    this.renewTimer = setInterval(() => this.renew(), RENEW_MS);
    void this.connect();
  }

  stop(): void {
    clearTimeout(this.timer);
    clearInterval(this.renewTimer);
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

  /**
   * Says what is being looked at, now and to every new line; `renewed` ones are said again all the time, since the
   * server lets them lapse. One of a type: the newest counts.
   */
  look(interest: Interest, renewed = false): void {
    this.interests.set(interest.type, { interest, renewed });
    this.send(interest);
  }

  /** Says that nothing of this type is looked at any more, in the words for that. */
  lookAway(nothing: Interest): void {
    if (this.interests.delete(nothing.type)) this.send(nothing);
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
    for (const { interest } of this.interests.values()) this.send(interest);
  }

  private waitAndRetry(): void {
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.attempts);
    const pause = ceiling / 2 + ((this.parts.random ?? Math.random)() * ceiling) / 2;
    this.attempts += 1;
    this.setStatus({ state: "waiting", lostAt: this.status.lostAt ?? Date.now() });
    this.timer = setTimeout(() => void this.connect(), pause);
  }

  private renew(): void {
    for (const { interest, renewed } of this.interests.values()) if (renewed) this.send(interest);
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
