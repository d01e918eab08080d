import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SILENT_AFTER_MS } from "@/lib/silence";
import { closeTunnel, freshTicket, openTunnel, ownSessions } from "../api/queries";
import { type LinkView, TerminalLink } from "./terminal-link";

vi.mock("../api/queries", () => ({
  openTunnel: vi.fn(async () => ({ session_id: "s", stream_url: "/stream?ticket=1", notice: "" })),
  freshTicket: vi.fn(async () => ({ ticket: "2", stream_url: "/stream?ticket=2" })),
  closeTunnel: vi.fn(async () => undefined),
  ownSessions: vi.fn(async () => ({ items: [{ session_id: "earlier", opened_at: "2026-11-27T10:00:00Z" }] })),
}));

/** A socket to a server that never answers a close. */
class Line {
  static readonly OPEN = 1;
  static lines: Line[] = [];
  readyState = 1;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  close = vi.fn();
  send = vi.fn();
  constructor() {
    Line.lines.push(this);
  }
  stand() {
    this.onopen?.();
    this.onmessage?.({ data: '{"type":"attached","channel":1,"input_offset":0,"output_offset":0}' });
  }
}

describe("TerminalLink", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    Line.lines = [];
    vi.stubGlobal("WebSocket", Line);
    vi.stubGlobal("window", { location: { href: "https://rmm.example.org/" } });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.clearAllMocks();
  });

  const setUp = () => {
    const views: LinkView[] = [];
    const link = new TerminalLink({ write: vi.fn(), reset: vi.fn() }, (view) => views.push(view));
    return { link, views };
  };

  it("goes back into a session that is open, and leaves it open when it leaves", async () => {
    const { link, views } = setUp();
    await link.begin("a", { sessionId: "earlier", wanted: false }, 80, 24);
    Line.lines[0]?.stand();
    expect(views.at(-1)).toMatchObject({ phase: "open", sessionId: "earlier", openedAt: Date.UTC(2026, 10, 27, 10) });
    expect(openTunnel).not.toHaveBeenCalled();
    link.leave();
    expect(Line.lines[0]?.close).toHaveBeenCalledWith(4000, "left");
    expect(closeTunnel).not.toHaveBeenCalled();
  });

  it("opens a new one where the tab's own has ended, but says so of one that somebody wanted", async () => {
    const own = setUp();
    await own.link.begin("a", { sessionId: "gone", wanted: false }, 80, 24);
    expect(own.views.at(-1)?.sessionId).toBe("s");
    const wanted = setUp();
    await wanted.link.begin("a", { sessionId: "gone", wanted: true }, 80, 24);
    expect(wanted.views.at(-1)).toMatchObject({ phase: "closed", closed: { reason: "It has ended meanwhile." } });
    expect(openTunnel).toHaveBeenCalledOnce();
  });

  it("says that it can't ask, and opens nothing", async () => {
    const { link, views } = setUp();
    vi.mocked(ownSessions).mockRejectedValueOnce(new Error("no line"));
    await link.begin("a", { sessionId: "earlier", wanted: false }, 80, 24);
    expect(views.at(-1)?.phase).toBe("failed");
    expect(openTunnel).not.toHaveBeenCalled();
  });

  it("takes a line that says nothing for 12 s for lost and attaches anew; one that pings stands", async () => {
    const views: LinkView[] = [];
    const link = new TerminalLink({ write: vi.fn(), reset: vi.fn() }, (view) => views.push(view));
    await link.open("a", 80, 24);
    Line.lines[0]?.stand();
    for (let beat = 0; beat < 6; beat++) {
      await vi.advanceTimersByTimeAsync(5_000);
      Line.lines[0]?.onmessage?.({ data: '{"type":"ping"}' });
    }
    expect(views.at(-1)?.phase).toBe("open");
    await vi.advanceTimersByTimeAsync(SILENT_AFTER_MS);
    expect(views.at(-1)?.phase).toBe("reconnecting");
    expect(Line.lines[0]?.close).toHaveBeenCalledWith(4000, "silent");
    await vi.advanceTimersByTimeAsync(100);
    expect(freshTicket).toHaveBeenCalledWith("s");
    Line.lines[1]?.stand();
    expect(views.at(-1)?.phase).toBe("open");
  });
});
