import { describe, expect, it } from "vitest";
import { LiveOutputBuffer } from "./live-output";

const piece = (seq: number, text: string, stream: "stdout" | "stderr" = "stdout") => ({
  id: "c",
  seq,
  stream,
  text,
  skipped: 0,
});

describe("LiveOutputBuffer", () => {
  it("joins neighbours of one stream and keeps the order of both", () => {
    const buffer = new LiveOutputBuffer();
    buffer.add(piece(0, "a"));
    buffer.add(piece(1, "b"));
    buffer.add(piece(2, "!", "stderr"));
    expect(buffer.pieces).toEqual([
      { stream: "stdout", text: "ab", skipped: 0 },
      { stream: "stderr", text: "!", skipped: 0 },
    ]);
  });

  it("ignores a piece that comes again", () => {
    const buffer = new LiveOutputBuffer();
    buffer.add(piece(0, "a"));
    expect(buffer.add(piece(0, "a"))).toBe(false);
    expect(buffer.pieces).toEqual([{ stream: "stdout", text: "a", skipped: 0 }]);
  });

  it("shows nothing while a piece is missing, and everything when it has come", () => {
    const buffer = new LiveOutputBuffer();
    buffer.add(piece(1, "b"));
    expect(buffer.pieces).toBeNull();
    expect(buffer.hasGap).toBe(true);
    buffer.add(piece(0, "a"));
    expect(buffer.pieces).toEqual([{ stream: "stdout", text: "ab", skipped: 0 }]);
  });

  it("keeps what comes after a gap apart", () => {
    const buffer = new LiveOutputBuffer();
    buffer.add(piece(0, "head"));
    buffer.add({ ...piece(1, "tail"), skipped: 70_000 });
    expect(buffer.pieces?.map(({ text, skipped }) => [text, skipped])).toEqual([
      ["head", 0],
      ["tail", 70_000],
    ]);
  });
});
