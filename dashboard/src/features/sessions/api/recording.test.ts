import { describe, expect, it } from "vitest";
import { idlesOf, parseRecording, parseSize, posterOf, type Recording } from "./recording";

describe("parseRecording", () => {
  it("reads header and events, and leaves out a torn last line", () => {
    const text = '{"version": 2, "width": 100, "height": 30}\n[0.5, "o", "$ "]\n[1.25, "i", "l"]\n[2, "o", "ls';
    expect(parseRecording(text)).toEqual({
      columns: 100,
      rows: 30,
      events: [
        { at: 0.5, code: "o", data: "$ " },
        { at: 1.25, code: "i", data: "l" },
      ],
      length: 1.25,
    });
  });

  it("survives a file that is no recording", () => {
    expect(parseRecording("<html>")).toEqual({ columns: 120, rows: 32, events: [], length: 0 });
  });

  it("reads a change of size", () => {
    expect(parseSize("132x43")).toEqual({ columns: 132, rows: 43 });
    expect(parseSize("wide")).toBeNull();
  });
});

const recording = (...events: [number, string, string][]): Recording => ({
  columns: 80,
  rows: 24,
  events: events.map(([at, code, data]) => ({ at, code, data })),
  length: events.at(-1)?.[0] ?? 0,
});

describe("idlesOf", () => {
  it("names the pauses that playing cuts short, the first one too", () => {
    const played = recording([3, "o", "$ "], [4, "o", "l"], [6, "o", "s"], [60, "o", "done"]);
    expect(idlesOf(played)).toEqual([
      { from: 0, to: 3 },
      { from: 6, to: 60 },
    ]);
  });

  it("leaves out what nobody could see", () => {
    expect(idlesOf(recording([0, "o", "a"], [3, "o", "b"], [1000, "o", "c"]))).toEqual([{ from: 3, to: 1000 }]);
    expect(idlesOf(recording())).toEqual([]);
  });
});

describe("posterOf", () => {
  it("is the end, at its size", () => {
    expect(posterOf(recording([0, "o", "$ "], [1, "r", "132x43"], [2, "o", "ls"]))).toEqual({
      columns: 132,
      rows: 43,
      text: "$ ls",
    });
  });

  it("does not draw a long recording whole", () => {
    const long = recording([0, "o", "begin"], [1, "o", "x".repeat(300_000)], [2, "o", "end"]);
    expect(posterOf(long).text).toBe(`${"x".repeat(300_000)}end`);
  });
});
