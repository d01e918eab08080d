import { describe, expect, it } from "vitest";
import { LiveOutputBuffer } from "./live-output";

const piece = (seq: number, text: string, stream: "stdout" | "stderr" = "stdout") => ({ id: "c", seq, stream, text });

describe("LiveOutputBuffer", () => {
  it("joins neighbours of one stream and keeps the order of both", () => {
    const buffer = new LiveOutputBuffer();
    buffer.add(piece(0, "a"));
    buffer.add(piece(1, "b"));
    buffer.add(piece(2, "!", "stderr"));
    expect(buffer.pieces).toEqual([
      { stream: "stdout", text: "ab" },
      { stream: "stderr", text: "!" },
    ]);
  });

  it("ignores a piece that comes again", () => {
    const buffer = new LiveOutputBuffer();
    buffer.add(piece(0, "a"));
    expect(buffer.add(piece(0, "a"))).toBe(false);
    expect(buffer.pieces).toEqual([{ stream: "stdout", text: "a" }]);
  });

  it("shows nothing while a piece is missing, and everything when it has come", () => {
    const buffer = new LiveOutputBuffer();
    buffer.add(piece(1, "b"));
    expect(buffer.pieces).toBeNull();
    expect(buffer.hasGap).toBe(true);
    buffer.add(piece(0, "a"));
    expect(buffer.pieces).toEqual([{ stream: "stdout", text: "ab" }]);
  });
});
