import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { decodeFrame, encodeFrame } from "./frame";
import {
  ACK_AFTER_MS,
  ACK_BYTES,
  MAX_FRAME_BYTES,
  MAX_WAITING_BYTES,
  SEND_WINDOW_BYTES,
  TunnelEngine,
} from "./tunnel-engine";

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
  };
  const events = { onAgent: vi.fn(), onClosed: vi.fn(), onAttached: vi.fn(), onBroken: vi.fn() };
  const engine = new TunnelEngine(screen, events);
  const drawPending = () => {
    for (const done of pending.splice(0)) done();
  };
  return { engine, screen, events, drawn, drawPending };
}

function socket() {
  const words: Record<string, unknown>[] = [];
  const frames: { offset: number; text: string; size: number }[] = [];
  const send = (data: string | Uint8Array) => {
    if (typeof data === "string") return void words.push(JSON.parse(data));
    const frame = decodeFrame(data.buffer as ArrayBuffer);
    if (!frame) throw new Error("a frame without an offset");
    frames.push({
      offset: frame.offset,
      text: new TextDecoder().decode(frame.bytes.slice(0, 20)),
      size: frame.bytes.length,
    });
  };
  return { send, words, frames };
}

const word = (value: object) => JSON.stringify(value);
const attached = (input: number, output: number) =>
  word({ type: "attached", input_offset: input, output_offset: output });
const bytes = (text: string) => new TextEncoder().encode(text);
const output = (offset: number, text: string) => encodeFrame(offset, bytes(text)).buffer as ArrayBuffer;

describe("TunnelEngine", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("attaches first, and sends what was typed only after the answer", () => {
    const { engine } = setUp();
    const { send, words, frames } = socket();
    engine.resize(100, 30);
    engine.type(bytes("ls\r"));
    engine.connect(send);
    expect(words).toEqual([{ type: "attach", output_offset: 0, columns: 100, rows: 30 }]);
    expect(frames).toEqual([]);
    engine.take(attached(0, 0));
    expect(frames).toEqual([{ offset: 0, text: "ls\r", size: 3 }]);
  });

  it("sends again from the offset the agent has after a drop", () => {
    const { engine } = setUp();
    const first = socket();
    engine.connect(first.send);
    engine.take(attached(0, 0));
    engine.type(bytes("abc"));
    engine.type(bytes("def"));
    engine.take(word({ type: "input_ack", offset: 2 }));
    engine.disconnect();
    engine.type(bytes("g"));
    const second = socket();
    engine.connect(second.send);
    engine.take(attached(4, 0));
    expect(second.frames.map(({ offset, text }) => [offset, text])).toEqual([
      [4, "ef"],
      [6, "g"],
    ]);
    expect(engine.waiting).toBe(3);
  });

  it("keeps a paste of 1 MB within frame and window, and loses nothing of it", () => {
    const { engine } = setUp();
    const { send, frames } = socket();
    engine.connect(send);
    engine.take(attached(0, 0));
    const size = 1024 * 1024;
    engine.type(new Uint8Array(size).fill(120));
    const total = () => frames.reduce((sum, frame) => sum + frame.size, 0);
    expect(total()).toBe(SEND_WINDOW_BYTES);
    for (let offset = 50_000; total() < size; offset += 50_000) engine.take(word({ type: "input_ack", offset }));
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
    const { engine, drawn } = setUp();
    engine.connect(socket().send);
    engine.take(attached(0, 0));
    engine.take(output(0, "hello"));
    engine.take(output(0, "hello"));
    engine.take(output(3, "lo world"));
    expect(drawn.join("")).toBe("hello world");
  });

  it("attaches with the output it has, and draws only what is new", () => {
    const { engine, drawn, screen } = setUp();
    engine.connect(socket().send);
    engine.take(attached(0, 0));
    engine.take(output(0, "hello"));
    engine.disconnect();
    const again = socket();
    engine.connect(again.send);
    expect(again.words[0]).toMatchObject({ type: "attach", output_offset: 5 });
    engine.take(attached(0, 5));
    engine.take(output(5, "!"));
    expect(drawn.join("")).toBe("hello!");
    expect(screen.reset).not.toHaveBeenCalled();
  });

  it("clears the screen when the history was trimmed beyond what it has", () => {
    const { engine, drawn, screen } = setUp();
    engine.connect(socket().send);
    engine.take(attached(0, 0));
    engine.take(output(0, "old"));
    engine.disconnect();
    engine.connect(socket().send);
    engine.take(attached(0, 1000));
    expect(screen.reset).toHaveBeenCalledOnce();
    engine.take(output(1000, "new"));
    expect(drawn).toEqual(["new"]);
  });

  it("says that the stream is broken at a hole or a stump", () => {
    const { engine, events, drawn } = setUp();
    engine.connect(socket().send);
    engine.take(attached(0, 0));
    engine.take(output(7, "x"));
    engine.take(new ArrayBuffer(3));
    expect(events.onBroken).toHaveBeenCalledTimes(2);
    expect(drawn).toEqual([]);
  });

  it("acknowledges what is drawn, after a pause or 64 KiB", () => {
    const { engine, drawPending } = setUp({ drawAtOnce: false });
    const { send, words } = socket();
    const acks = () => words.filter((each) => each.type === "ack").map((each) => each.output_offset);
    engine.connect(send);
    engine.take(attached(0, 0));
    engine.take(output(0, "hello"));
    vi.advanceTimersByTime(ACK_AFTER_MS * 2);
    expect(acks()).toEqual([]);
    drawPending();
    vi.advanceTimersByTime(ACK_AFTER_MS);
    expect(acks()).toEqual([5]);
    engine.take(output(5, "x".repeat(ACK_BYTES)));
    drawPending();
    expect(acks()).toEqual([5, 5 + ACK_BYTES]);
  });

  it("does not acknowledge a drawing that belongs to the screen before its reset", () => {
    const { engine, drawPending } = setUp({ drawAtOnce: false });
    engine.connect(socket().send);
    engine.take(attached(0, 0));
    engine.take(output(0, "old"));
    engine.disconnect();
    const again = socket();
    engine.connect(again.send);
    engine.take(attached(0, 500));
    drawPending();
    vi.advanceTimersByTime(ACK_AFTER_MS * 2);
    expect(again.words.filter((each) => each.type === "ack")).toEqual([]);
  });

  it("tells a new size at once when attached, else with the next attach", () => {
    const { engine } = setUp();
    const { send, words } = socket();
    engine.connect(send);
    engine.take(attached(0, 0));
    engine.resize(132, 43);
    engine.resize(132, 43);
    expect(words.filter((each) => each.type === "resize")).toEqual([{ type: "resize", columns: 132, rows: 43 }]);
  });

  it("goes on from another window's input when this tab has sent less", () => {
    const { engine } = setUp();
    const { send, frames } = socket();
    engine.connect(send);
    engine.take(attached(40, 0));
    engine.type(bytes("q"));
    expect(frames).toEqual([{ offset: 40, text: "q", size: 1 }]);
  });

  it("passes on the agent's state and the end", () => {
    const { engine, events } = setUp();
    engine.connect(socket().send);
    engine.take(word({ type: "state", agent: "offline" }));
    engine.take(word({ type: "closed", exit_code: 0, reason: "the shell ended" }));
    expect(events.onAgent).toHaveBeenCalledWith("offline");
    expect(events.onClosed).toHaveBeenCalledWith(0, "the shell ended");
  });
});
