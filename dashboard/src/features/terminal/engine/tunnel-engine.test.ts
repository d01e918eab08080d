import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  ACK_AFTER_MS,
  ACK_BYTES,
  ChannelEngine,
  MAX_FRAME_BYTES,
  MAX_WAITING_BYTES,
  SEND_WINDOW_BYTES,
} from "./channel-engine";
import { decodeFrame, encodeFrame } from "./frame";
import { TunnelEngine } from "./tunnel-engine";

const SIZE = { columns: 80, rows: 24 };

/** A screen that draws when told to, and a server that notes what it was sent. */
function setUp({ drawAtOnce = true } = {}) {
  const drawn: string[] = [];
  const pending: (() => void)[] = [];
  const screen = {
    write: vi.fn((bytes: Uint8Array, done: () => void) => {
      drawn.push(new TextDecoder().decode(bytes));
      if (drawAtOnce) done();
      else pending.push(done);
    }),
    reset: vi.fn(() => drawn.splice(0)),
    replay: vi.fn(),
    live: vi.fn(),
  };
  const events = { onAgent: vi.fn(), onClosed: vi.fn(), onAttached: vi.fn(), onBroken: vi.fn() };
  const session = new TunnelEngine(events);
  const engine = new ChannelEngine(1, SIZE, screen, events);
  session.add(engine);
  const drawPending = () => {
    for (const done of pending.splice(0)) done();
  };
  return { session, engine, screen, events, drawn, drawPending };
}

function socket() {
  const words: Record<string, unknown>[] = [];
  const frames: { channel: number; offset: number; text: string; size: number }[] = [];
  const send = (data: string | Uint8Array) => {
    if (typeof data === "string") return void words.push(JSON.parse(data));
    const frame = decodeFrame(data.buffer as ArrayBuffer);
    if (!frame) throw new Error("a frame without an offset");
    frames.push({
      channel: frame.channel,
      offset: frame.offset,
      text: new TextDecoder().decode(frame.bytes.slice(0, 20)),
      size: frame.bytes.length,
    });
  };
  return { send, words, frames };
}

const word = (value: object) => JSON.stringify(value);
const attached = (input: number, output: number, channel = 1) =>
  word({ type: "attached", channel, input_offset: input, output_offset: output });
const bytes = (text: string) => new TextEncoder().encode(text);
const output = (offset: number, text: string, channel = 1) =>
  encodeFrame({ channel, offset, bytes: bytes(text) }).buffer as ArrayBuffer;

describe("TunnelEngine", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("attaches first, and sends what was typed only after the answer", () => {
    const { session, engine } = setUp();
    const { send, words, frames } = socket();
    engine.change({ columns: 100, rows: 30 });
    engine.type(bytes("ls\r"));
    session.connect(send);
    expect(words).toEqual([{ type: "attach", channel: 1, output_offset: 0, parameters: { columns: 100, rows: 30 } }]);
    expect(frames).toEqual([]);
    session.take(attached(0, 0));
    expect(frames).toEqual([{ channel: 1, offset: 0, text: "ls\r", size: 3 }]);
  });

  it("sends again from the offset the agent has after a drop", () => {
    const { session, engine } = setUp();
    const first = socket();
    session.connect(first.send);
    session.take(attached(0, 0));
    engine.type(bytes("abc"));
    engine.type(bytes("def"));
    session.take(word({ type: "input_ack", channel: 1, offset: 2 }));
    session.disconnect();
    engine.type(bytes("g"));
    const second = socket();
    session.connect(second.send);
    session.take(attached(4, 0));
    expect(second.frames.map(({ offset, text }) => [offset, text])).toEqual([
      [4, "ef"],
      [6, "g"],
    ]);
    expect(engine.waiting).toBe(3);
  });

  it("keeps a paste of 1 MB within frame and window, and loses nothing of it", () => {
    const { session, engine } = setUp();
    const { send, frames } = socket();
    session.connect(send);
    session.take(attached(0, 0));
    const size = 1024 * 1024;
    engine.type(new Uint8Array(size).fill(120));
    const total = () => frames.reduce((sum, frame) => sum + frame.size, 0);
    expect(total()).toBe(SEND_WINDOW_BYTES);
    for (let offset = 50_000; total() < size; offset += 50_000)
      session.take(word({ type: "input_ack", channel: 1, offset }));
    expect(total()).toBe(size);
    expect(Math.max(...frames.map((frame) => frame.size))).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    frames.reduce((end, frame) => {
      expect(frame.offset).toBe(end);
      return end + frame.size;
    }, 0);
  });

  it("refuses a paste that would not fit, whole", () => {
    const { engine } = setUp();
    expect(engine.type(new Uint8Array(MAX_WAITING_BYTES + 1))).toBe(false);
    expect(engine.waiting).toBe(0);
  });

  it("draws output once whatever arrives twice or overlaps", () => {
    const { session, drawn } = setUp();
    session.connect(socket().send);
    session.take(attached(0, 0));
    session.take(output(0, "hello"));
    session.take(output(0, "hello"));
    session.take(output(3, "lo world"));
    expect(drawn.join("")).toBe("hello world");
  });

  it("attaches with the output it has, and draws only what is new", () => {
    const { session, drawn, screen } = setUp();
    session.connect(socket().send);
    session.take(attached(0, 0));
    session.take(output(0, "hello"));
    session.disconnect();
    const again = socket();
    session.connect(again.send);
    expect(again.words[0]).toMatchObject({ type: "attach", output_offset: 5 });
    session.take(attached(0, 5));
    session.take(output(5, "!"));
    expect(drawn.join("")).toBe("hello!");
    expect(screen.reset).not.toHaveBeenCalled();
  });

  it("clears the screen when the history was trimmed beyond what it has", () => {
    const { session, drawn, screen } = setUp();
    session.connect(socket().send);
    session.take(attached(0, 0));
    session.take(output(0, "old"));
    session.disconnect();
    session.connect(socket().send);
    session.take(attached(0, 1000));
    expect(screen.reset).toHaveBeenCalledOnce();
    session.take(output(1000, "new"));
    expect(drawn).toEqual(["new"]);
  });

  it("says that the stream is broken at a hole or a stump", () => {
    const { session, events, drawn } = setUp();
    session.connect(socket().send);
    session.take(attached(0, 0));
    session.take(output(7, "x"));
    session.take(new ArrayBuffer(3));
    expect(events.onBroken).toHaveBeenCalledTimes(2);
    expect(drawn).toEqual([]);
  });

  it("acknowledges what is drawn, after a pause or 64 KiB", () => {
    const { session, drawPending } = setUp({ drawAtOnce: false });
    const { send, words } = socket();
    const acks = () => words.filter((each) => each.type === "ack").map((each) => each.output_offset);
    session.connect(send);
    session.take(attached(0, 0));
    session.take(output(0, "hello"));
    vi.advanceTimersByTime(ACK_AFTER_MS * 2);
    expect(acks()).toEqual([]);
    drawPending();
    vi.advanceTimersByTime(ACK_AFTER_MS);
    expect(acks()).toEqual([5]);
    session.take(output(5, "x".repeat(ACK_BYTES)));
    drawPending();
    expect(acks()).toEqual([5, 5 + ACK_BYTES]);
  });

  it("does not acknowledge a drawing that belongs to the screen before its reset", () => {
    const { session, drawPending } = setUp({ drawAtOnce: false });
    session.connect(socket().send);
    session.take(attached(0, 0));
    session.take(output(0, "old"));
    session.disconnect();
    const again = socket();
    session.connect(again.send);
    session.take(attached(0, 500));
    drawPending();
    vi.advanceTimersByTime(ACK_AFTER_MS * 2);
    expect(again.words.filter((each) => each.type === "ack")).toEqual([]);
  });

  it("tells a new size at once when attached, else with the next attach", () => {
    const { session, engine } = setUp();
    const { send, words } = socket();
    session.connect(send);
    session.take(attached(0, 0));
    engine.change({ columns: 132, rows: 43 });
    engine.change({ columns: 132, rows: 43 });
    expect(words.filter((each) => each.type === "change")).toEqual([
      { type: "change", channel: 1, parameters: { columns: 132, rows: 43 } },
    ]);
  });

  it("goes on from another window's input when this tab has sent less", () => {
    const { session, engine } = setUp();
    const { send, frames } = socket();
    session.connect(send);
    session.take(attached(40, 0));
    engine.type(bytes("q"));
    expect(frames).toEqual([{ channel: 1, offset: 40, text: "q", size: 1 }]);
  });

  it("types what was typed ahead behind what an earlier tab typed", () => {
    const { session, engine } = setUp();
    const { send, frames } = socket();
    engine.type(bytes("ls\r"));
    session.connect(send);
    session.take(attached(500, 0));
    expect(frames).toEqual([{ channel: 1, offset: 500, text: "ls\r", size: 3 }]);
  });

  it("tells the screen how far the history goes, and when all of it is drawn", () => {
    const { session, screen, drawPending } = setUp({ drawAtOnce: false });
    session.connect(socket().send);
    session.take(attached(0, 100));
    session.take(word({ type: "history", channel: 1, until: 108, prelude: "\x1b[?1049h" }));
    expect(screen.reset).toHaveBeenCalledOnce();
    expect(screen.replay).toHaveBeenCalledWith("\x1b[?1049h");
    session.take(output(100, "hist"));
    drawPending();
    expect(screen.live).not.toHaveBeenCalled();
    session.take(output(104, "ory!"));
    expect(screen.live).not.toHaveBeenCalled();
    drawPending();
    expect(screen.live).toHaveBeenCalledOnce();
  });

  it("ends a history that is not there, or was broken off", () => {
    const { session, screen } = setUp();
    session.connect(socket().send);
    session.take(attached(0, 5));
    session.take(word({ type: "history", channel: 1, until: 5, prelude: "" }));
    expect(screen.live).toHaveBeenCalledOnce();
    session.take(word({ type: "history", channel: 1, until: 50, prelude: "" }));
    session.disconnect();
    session.connect(socket().send);
    session.take(attached(0, 5));
    expect(screen.live).toHaveBeenCalledTimes(2);
  });

  it("knows since when what was typed waits for the machine", () => {
    const { session, engine } = setUp();
    session.connect(socket().send);
    session.take(attached(0, 0));
    expect(engine.waitingSince).toBeNull();
    const began = Date.now();
    engine.type(bytes("ab"));
    vi.advanceTimersByTime(3000);
    engine.type(bytes("c"));
    expect(engine.waitingSince).toBe(began);
    session.take(word({ type: "input_ack", channel: 1, offset: 2 }));
    expect(engine.waitingSince).toBe(began + 3000);
    session.take(word({ type: "input_ack", channel: 1, offset: 3 }));
    expect(engine.waitingSince).toBeNull();
  });

  it("passes on the agent's state and the end", () => {
    const { session, events } = setUp();
    session.connect(socket().send);
    session.take(word({ type: "state", agent: "offline" }));
    session.take(word({ type: "closed", channel: 1, exit_code: 0, reason: "the shell ended" }));
    expect(events.onAgent).toHaveBeenCalledWith("offline");
    expect(events.onClosed).toHaveBeenCalledWith(0, "the shell ended");
  });

  it("gives each channel what is its own, on one socket", () => {
    const { session, engine, events, drawn } = setUp();
    const line = socket();
    session.connect(line.send);
    const other: string[] = [];
    const screen = { write: (fresh: Uint8Array) => other.push(new TextDecoder().decode(fresh)), reset: vi.fn() };
    const second = new ChannelEngine(2, SIZE, screen, { onAttached: vi.fn(), onClosed: vi.fn(), onBroken: vi.fn() });
    session.add(second);
    expect(line.words.map(({ channel }) => channel)).toEqual([1, 2]);
    session.take(attached(0, 0));
    session.take(attached(0, 0, 2));
    session.take(output(0, "for two", 2));
    session.take(output(0, "for one"));
    session.take(output(0, "for nobody", 9));
    session.take(word({ type: "input_ack", channel: 9, offset: 5 }));
    engine.type(bytes("a"));
    second.type(bytes("b"));
    expect([drawn.join(""), other.join("")]).toEqual(["for one", "for two"]);
    expect(line.frames.map(({ channel, text }) => [channel, text])).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
    expect(events.onBroken).not.toHaveBeenCalled();
  });
});
