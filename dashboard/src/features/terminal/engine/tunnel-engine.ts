/** A tech session's side of the stream protocol: one socket, whose frames and words go to the channels they name. */
import type { ChannelEngine, ChannelWord, Send } from "./channel-engine";
import { decodeFrame } from "./frame";

type ServerWord = ChannelWord | { type: "state"; agent: "online" | "offline" } | { type: "ping" };

export interface SessionEvents {
  onAgent: (agent: "online" | "offline") => void;
  /** The stream no longer makes sense (a broken frame): attach anew. */
  onBroken: (why: string) => void;
}

export class TunnelEngine {
  private readonly channels = new Map<number, ChannelEngine>();
  private readonly events: SessionEvents;
  private send: Send | null = null;

  constructor(events: SessionEvents) {
    this.events = events;
  }

  /** Shows one more channel from now on. */
  add(channel: ChannelEngine): void {
    this.channels.set(channel.channel, channel);
    if (this.send) channel.connect(this.send);
  }

  /** A socket is open: every channel says who it is and what it has. */
  connect(send: Send): void {
    this.send = send;
    for (const channel of this.channels.values()) channel.connect(send);
  }

  disconnect(): void {
    this.send = null;
    for (const channel of this.channels.values()) channel.disconnect();
  }

  /** Ends the session with all of its channels. */
  close(): void {
    this.send?.(JSON.stringify({ type: "close" }));
  }

  take(data: string | ArrayBuffer): void {
    if (typeof data === "string") return this.takeWord(JSON.parse(data) as ServerWord);
    const frame = decodeFrame(data);
    if (!frame) return this.events.onBroken("a frame without an offset");
    this.channels.get(frame.channel)?.takeOutput(frame);
  }

  private takeWord(word: ServerWord): void {
    if (word.type === "state") return this.events.onAgent(word.agent);
    if (word.type !== "ping") this.channels.get(word.channel)?.takeWord(word);
  }
}
