import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveSocket, type LiveStatus } from "./live-socket";

class Line {
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.drop();
  }
  stand() {
    this.readyState = 1;
    this.onopen?.();
    this.hear({ type: "hello", server_time: "2026-11-23T00:00:00Z" });
  }
  hear(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  drop() {
    this.readyState = 3;
    this.onclose?.();
  }
}

function setUp(ticket = () => Promise.resolve({ ticket: "t", stream_url: "/live?ticket=t" })) {
  const lines: Line[] = [];
  const states: LiveStatus[] = [];
  const onMessage = vi.fn();
  const socket = new LiveSocket({
    ticket,
    open: () => {
      const line = new Line();
      lines.push(line);
      return line as unknown as WebSocket;
    },
    onMessage,
    onStatus: (status) => states.push(status),
    random: () => 1,
  });
  return { socket, lines, states, onMessage, state: () => states.at(-1)?.state };
}

describe("LiveSocket", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const settle = () => vi.advanceTimersByTimeAsync(0);

  it("takes a line that says nothing for 12 s for lost, and one that pings for standing", async () => {
    const { socket, lines, state } = setUp();
    socket.start();
    await settle();
    lines[0]?.stand();
    for (let beat = 0; beat < 6; beat++) {
      await vi.advanceTimersByTimeAsync(5_000);
      lines[0]?.hear({ type: "ping" });
    }
    expect(state()).toBe("open");
    vi.spyOn(lines[0] as Line, "close").mockImplementation(() => undefined); // a dead peer never answers the close
    await vi.advanceTimersByTimeAsync(12_000);
    expect(state()).toBe("waiting");
    socket.stop();
  });

  it("tells a new line all that is being looked at", async () => {
    const { socket, lines } = setUp();
    socket.start();
    socket.look({ type: "visible", agent_ids: ["a"] });
    socket.look({ type: "watch", agent_id: "a" }, true);
    socket.look({ type: "commands", ids: ["c"] });
    socket.lookAway({ type: "commands", ids: [] });
    await settle();
    lines[0]?.stand();
    expect(lines[0]?.sent).toEqual([
      { type: "visible", agent_ids: ["a"] },
      { type: "watch", agent_id: "a" },
    ]);
  });

  it("says what lapses again and again, what is looked away from once, and nothing of what was never looked at", async () => {
    const { socket, lines } = setUp();
    socket.start();
    await settle();
    lines[0]?.stand();
    socket.look({ type: "watch", agent_id: "a" }, true);
    socket.look({ type: "visible", agent_ids: ["a"] });
    await vi.advanceTimersByTimeAsync(8_000);
    lines[0]?.hear({ type: "ping" });
    await vi.advanceTimersByTimeAsync(8_000);
    lines[0]?.hear({ type: "ping" });
    await vi.advanceTimersByTimeAsync(4_000);
    socket.lookAway({ type: "watch", agent_id: null });
    socket.lookAway({ type: "watch", agent_id: null });
    socket.lookAway({ type: "commands", ids: [] });
    expect(lines[0]?.sent).toEqual([
      { type: "watch", agent_id: "a" },
      { type: "visible", agent_ids: ["a"] },
      { type: "watch", agent_id: "a" },
      { type: "watch", agent_id: null },
    ]);
    socket.stop();
  });

  it("says that it stands once the server says that it listens", async () => {
    const { socket, lines, onMessage, state } = setUp();
    socket.start();
    await settle();
    lines[0]?.onopen?.();
    expect(state()).toBe("connecting");
    lines[0]?.hear({ type: "hello", server_time: "2026-11-23T00:00:00Z" });
    expect(state()).toBe("open");
    expect(onMessage).toHaveBeenCalledExactlyOnceWith({ type: "hello", server_time: "2026-11-23T00:00:00Z" });
    socket.stop();
  });

  it("comes back with growing pauses and a fresh ticket", async () => {
    const ticket = vi.fn(() => Promise.resolve({ ticket: "t", stream_url: "/live" }));
    const { socket, lines, state } = setUp(ticket);
    socket.start();
    await settle();
    lines[0]?.stand();
    lines[0]?.drop();
    expect(state()).toBe("waiting");
    await vi.advanceTimersByTimeAsync(500);
    expect(ticket).toHaveBeenCalledTimes(2);
    lines[1]?.drop();
    await vi.advanceTimersByTimeAsync(999);
    expect(ticket).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(ticket).toHaveBeenCalledTimes(3);
    lines[2]?.stand();
    expect(state()).toBe("open");
  });

  it("waits when there is no ticket, and tries at once when nudged", async () => {
    const ticket = vi.fn(() => Promise.reject(new Error("503")));
    const { socket, state } = setUp(ticket);
    socket.start();
    await settle();
    expect(state()).toBe("waiting");
    socket.nudge();
    await settle();
    expect(ticket).toHaveBeenCalledTimes(2);
  });

  it("stays away once stopped", async () => {
    const { socket, lines, state } = setUp();
    socket.start();
    await settle();
    lines[0]?.stand();
    socket.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lines).toHaveLength(1);
    expect(state()).toBe("stopped");
  });
});
