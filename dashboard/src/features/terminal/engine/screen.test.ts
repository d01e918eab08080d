import { describe, expect, it, vi } from "vitest";
import { XtermScreen } from "./screen";

function setUp() {
  const drawn: string[] = [];
  const terminal = {
    write: (text: string | Uint8Array, done?: () => void) => {
      drawn.push(text as string);
      done?.();
    },
    reset: vi.fn(() => void drawn.splice(0)),
  };
  const onDrawn = vi.fn();
  return { drawn, onDrawn, screen: new XtermScreen(terminal, onDrawn) };
}

describe("XtermScreen", () => {
  it.each([1, 2, 3, 5])("gives xterm whole characters, %i bytes at a time", (size) => {
    const { screen, drawn } = setUp();
    const bytes = new TextEncoder().encode("A—B 漢字 🙂 é");
    const done = vi.fn();
    for (let start = 0; start < bytes.length; start += size) screen.write(bytes.subarray(start, start + size), done);
    expect(drawn.join("")).toBe("A—B 漢字 🙂 é");
    expect(drawn.join("")).not.toContain("\ufffd");
    expect(done).toHaveBeenCalledTimes(Math.ceil(bytes.length / size));
  });

  it("does not join the half of a character to what comes after a reset", () => {
    const { screen, drawn } = setUp();
    screen.write(Uint8Array.of(0xe2, 0x80), vi.fn());
    screen.reset();
    screen.write(Uint8Array.of(0x42), vi.fn());
    expect(drawn).toEqual(["B"]);
  });

  it("keeps the answers to old questions from the shell, and nothing else", () => {
    const { screen } = setUp();
    const answers = [
      "\x1b[?1;2c",
      "\x1b[>0;276;0c",
      "\x1b[12;40R",
      "\x1b[0n",
      "\x1b[?2026;2$y",
      "\x1b]11;rgb:0/0/0\x07",
    ];
    const keys = ["a", "\r", "\x1b", "\x1b[A", "\x1bOA", "\x1b[3~", "\x1b[I", "echo\x1b[12;40R"];
    expect(answers.some((text) => screen.isLateAnswer(text))).toBe(false);
    screen.replay("");
    expect(answers.every((text) => screen.isLateAnswer(text))).toBe(true);
    expect(keys.some((text) => screen.isLateAnswer(text))).toBe(false);
    screen.live();
    expect(answers.some((text) => screen.isLateAnswer(text))).toBe(false);
  });
});
