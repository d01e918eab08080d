import { describe, expect, it } from "vitest";
import { parseRecording, parseSize } from "./recording";

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
