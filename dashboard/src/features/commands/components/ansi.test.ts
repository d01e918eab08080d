import { describe, expect, it } from "vitest";
import { plain, type Run, Screen } from "./ansi";

function shown(...pieces: ([string, Run["stream"]] | string)[]): Run[] {
  const screen = new Screen();
  for (const piece of pieces) {
    const [text, stream] = typeof piece === "string" ? [piece, "stdout" as const] : piece;
    screen.write(text, stream);
  }
  return screen.runs;
}

const text = (...pieces: Parameters<typeof shown>) => plain(shown(...pieces));

describe("what a command said, as a screen shows it", () => {
  it("keeps the order of both streams", () => {
    const runs = shown(["a\n", "stdout"], ["b\n", "stderr"], ["c\n", "stdout"], ["d\n", "stderr"]);
    expect(runs.map(({ text, stream }) => [text, stream])).toEqual([
      ["a\n", "stdout"],
      ["b\n", "stderr"],
      ["c\n", "stdout"],
      ["d\n", "stderr"],
    ]);
  });

  it("shows colours and weights, and copies the text alone", () => {
    const runs = shown(
      "\u001b[1;31mbad\u001b[0m and \u001b[38;5;208morange\u001b[39m, \u001b[48;2;1;2;3mdeep\u001b[m.\n",
    );
    expect(runs.map(({ text, style }) => [text, style])).toEqual([
      ["bad", { bold: true, color: "1" }],
      [" and ", {}],
      ["orange", { color: "255,135,0" }],
      [", ", { color: undefined }],
      ["deep", { color: undefined, background: "1,2,3" }],
      [".\n", {}],
    ]);
    expect(plain(runs)).toBe("bad and orange, deep.\n");
  });

  it("keeps the colour of one stream apart from the other's", () => {
    const runs = shown("\u001b[32mgreen ", ["plain ", "stderr"], "still green");
    expect(runs.map(({ style }) => style.color)).toEqual(["2", undefined, "2"]);
  });

  it("writes over a line after a carriage return", () => {
    expect(text("10 %\r 50 %\r100 %\n", "done\n")).toBe("100 %\ndone\n");
    expect(text("abcdef\rxy\n")).toBe("xycdef\n");
    expect(text("a long line\r\u001b[Kshort\n")).toBe("short\n");
    expect(text("one\r\ntwo\r\n")).toBe("one\ntwo\n");
    expect(text("waiting\r", "\n")).toBe("waiting\n");
    expect(text("a|\b/\b-\bdone")).toBe("adone");
    expect(text("a longer line\u001b[2Knew")).toBe("new");
  });

  it("leaves every other sequence to be seen", () => {
    expect(text("\u001b]0;title\u0007\u001b[2J\u001b[H")).toBe("\u001b]0;title\u0007\u001b[2J\u001b[H");
  });
});
