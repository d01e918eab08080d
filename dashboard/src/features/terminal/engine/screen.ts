/** An xterm as a channel's screen. */
import type { Terminal } from "@xterm/xterm";
import type { Screen } from "./channel-engine";

/** What a terminal answers to a program that asks for its place, its kind, its modes or its colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an answer begins with one
const ANSWER = /^\x1b(\[[?>=]?[\d;]*(\$y|[cnRtx])|P.*\x1b\\|\].*(\x07|\x1b\\))$/s;

export class XtermScreen implements Screen {
  private readonly terminal: Pick<Terminal, "write" | "reset">;
  private readonly onDrawn: () => void;
  private decoder = newDecoder();
  private replaying = false;

  constructor(terminal: Pick<Terminal, "write" | "reset">, onDrawn: () => void) {
    this.terminal = terminal;
    this.onDrawn = onDrawn;
  }

  // xterm.js draws a character wrongly whose bytes come in two pieces, so it is given whole ones.
  write(bytes: Uint8Array, done: () => void): void {
    this.terminal.write(this.decoder.decode(bytes, { stream: true }), () => {
      done();
      this.onDrawn();
    });
  }

  reset(): void {
    this.decoder = newDecoder();
    this.terminal.reset();
  }

  replay(prelude: string): void {
    this.replaying = true;
    if (prelude) this.terminal.write(prelude);
  }

  live(): void {
    this.replaying = false;
  }

  /** Whether this is the answer to a question that a program asked long ago: it would be typed into the shell. */
  isLateAnswer(text: string): boolean {
    return this.replaying && ANSWER.test(text);
  }
}

function newDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}
