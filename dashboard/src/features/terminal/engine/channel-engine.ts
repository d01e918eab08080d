/**
 * One channel's side of the stream protocol, without sockets or screens. Input is kept until the agent has it and
 * sent again after a reconnect; output is written once whatever arrives twice; acknowledgements follow what the screen
 * has really drawn, so that a slow screen slows the shell and not this tab's memory.
 */
import { encodeFrame, type Frame } from "./frame";
import { InputBuffer } from "./input-buffer";

export const MAX_FRAME_BYTES = 32 * 1024;
export const SEND_WINDOW_BYTES = 256 * 1024;
export const ACK_BYTES = 64 * 1024;
export const ACK_AFTER_MS = 250;
export const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export interface Screen {
  /** Draws bytes; calls `done` when they are on the screen. */
  write: (bytes: Uint8Array, done: () => void) => void;
  reset: () => void;
  /** What is drawn from now on was shown before, to another tab or by a screen that is gone; `prelude` comes first. */
  replay?: (prelude: string) => void;
  /** All of that is drawn: what comes now is new. */
  live?: () => void;
}

/** What the server says about one channel. */
export type ChannelWord =
  | { type: "attached"; channel: number; input_offset: number; output_offset: number }
  | { type: "history"; channel: number; until: number; prelude: string }
  | { type: "input_ack"; channel: number; offset: number }
  | { type: "trouble"; channel: number; code: string | null; message: string }
  | { type: "closed"; channel: number; exit_code: number | null; reason: string | null };

/** Those parameters of the channel's kind that may change: a terminal's columns and rows. */
export type Parameters = Readonly<Record<string, number | string>>;

export type Send = (data: string | Uint8Array) => void;

export interface ChannelEvents {
  onClosed: (exitCode: number | null, reason: string | null) => void;
  onAttached: () => void;
  /** The stream no longer makes sense (a hole in the output, a broken frame): attach anew. */
  onBroken: (why: string) => void;
  onInputTaken?: () => void;
}

export class ChannelEngine {
  readonly channel: number;
  private readonly input = new InputBuffer();
  private readonly screen: Screen;
  private readonly events: ChannelEvents;
  private send: Send | null = null;
  private attached = false;
  private begun = false;
  private historyUntil: number | null = null;
  private inputSince: number | null = null;
  private sentTo = 0;
  private received = 0;
  private drawn = 0;
  private acknowledged = 0;
  private generation = 0;
  private ackTimer: ReturnType<typeof setTimeout> | undefined;
  private parameters: Parameters;

  constructor(channel: number, parameters: Parameters, screen: Screen, events: ChannelEvents) {
    this.channel = channel;
    this.parameters = parameters;
    this.screen = screen;
    this.events = events;
  }

  /** Bytes typed that the agent does not have yet. */
  get waiting(): number {
    return this.input.length;
  }

  /** Since when something typed waits for the agent to take it, in ms since the epoch; null while nothing does. */
  get waitingSince(): number | null {
    return this.inputSince;
  }

  /** A socket is open: say who we are and what we have. Input is sent after the server's answer. */
  connect(send: Send): void {
    this.send = send;
    this.attached = false;
    send(this.word("attach", { output_offset: this.received, parameters: this.parameters }));
  }

  disconnect(): void {
    this.send = null;
    this.attached = false;
    clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
  }

  /** Takes what was typed or pasted. False when too much is waiting already: then nothing of it is taken. */
  type(bytes: Uint8Array): boolean {
    if (this.input.length + bytes.length > MAX_WAITING_BYTES) return false;
    this.input.append(bytes);
    this.inputSince ??= Date.now();
    this.pump();
    return true;
  }

  change(parameters: Parameters): void {
    const before = this.parameters;
    if (Object.entries(parameters).every(([name, value]) => before[name] === value)) return;
    this.parameters = { ...before, ...parameters };
    if (this.attached) this.send?.(this.word("change", { parameters: this.parameters }));
  }

  /** Ends the channel; the session ends with its last one. */
  close(): void {
    this.send?.(this.word("close", {}));
  }

  takeWord(word: ChannelWord): void {
    switch (word.type) {
      case "attached":
        return this.onAttached(word.input_offset, word.output_offset);
      case "history":
        this.historyUntil = word.until;
        this.screen.replay?.(word.prelude);
        return this.drewHistory();
      case "input_ack":
        this.tookInput(word.offset);
        this.sentTo = Math.max(this.sentTo, word.offset);
        this.events.onInputTaken?.();
        return this.pump();
      case "closed":
        return this.events.onClosed(word.exit_code ?? null, word.reason ?? null);
    }
  }

  private onAttached(inputOffset: number, outputOffset: number): void {
    this.attached = true;
    if (this.begun) this.tookInput(inputOffset);
    else this.input.beginAt(inputOffset);
    this.begun = true;
    this.endHistory();
    this.sentTo = this.input.acknowledged;
    if (outputOffset > this.received) {
      // What lies between is no longer kept: what stands on the screen does not lead to what will come.
      this.generation += 1;
      this.screen.reset();
      this.received = outputOffset;
      this.drawn = outputOffset;
      this.acknowledged = outputOffset;
    }
    this.events.onAttached();
    this.acknowledge();
    this.pump();
  }

  takeOutput({ offset, bytes }: Frame): void {
    if (offset > this.received) return this.events.onBroken("a hole in the output");
    const fresh = bytes.subarray(this.received - offset);
    if (fresh.length === 0) return;
    this.received += fresh.length;
    const upTo = this.received;
    const { generation } = this;
    this.screen.write(fresh, () => {
      if (generation !== this.generation) return;
      this.drawn = upTo;
      this.drewHistory();
      this.acknowledgeSoon();
    });
  }

  private tookInput(offset: number): void {
    if (offset > this.input.acknowledged) this.inputSince = null;
    this.input.acknowledge(offset);
    if (this.input.length > 0) this.inputSince ??= Date.now();
  }

  private drewHistory(): void {
    if (this.historyUntil !== null && this.drawn >= this.historyUntil) this.endHistory();
  }

  private endHistory(): void {
    if (this.historyUntil !== null) this.screen.live?.();
    this.historyUntil = null;
  }

  private acknowledgeSoon(): void {
    if (this.drawn - this.acknowledged >= ACK_BYTES) return this.acknowledge();
    this.ackTimer ??= setTimeout(() => this.acknowledge(), ACK_AFTER_MS);
  }

  private acknowledge(): void {
    clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    if (!this.attached || this.drawn <= this.acknowledged) return;
    this.acknowledged = this.drawn;
    this.send?.(this.word("ack", { output_offset: this.drawn }));
  }

  private pump(): void {
    while (this.attached && this.send && this.sentTo < this.input.endOffset) {
      const room = SEND_WINDOW_BYTES - (this.sentTo - this.input.acknowledged);
      if (room <= 0) return;
      const bytes = this.input.read(this.sentTo, Math.min(room, MAX_FRAME_BYTES));
      this.send(encodeFrame({ channel: this.channel, offset: this.sentTo, bytes }));
      this.sentTo += bytes.length;
    }
  }

  private word(type: string, fields: object): string {
    return JSON.stringify({ type, channel: this.channel, ...fields });
  }
}
