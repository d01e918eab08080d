/**
 * Whether something runs in a shell, as far as its screen tells: after Enter or Ctrl-C it does until the prompt is
 * back. A guess, so it only decides whether somebody is asked, never what is done.
 */
const LOOKS_LIKE_PROMPT = /[#$%❯»λ] ?$/;
const INTERRUPT = 3;
const NEWLINE = 10;
const ENTER = 13;
/** What ends a line: what is typed behind it belongs to the next one. */
const ENDS_LINE = new Set([INTERRUPT, NEWLINE, ENTER]);

export class Running {
  /** How the prompt ends, learnt where the first key of a line was typed. */
  private ending: string | null = null;
  private waits: boolean;
  /** Something was typed since the last line ended: what stands left of the cursor is no longer the prompt alone. */
  private inLine = false;

  /** `left`: the shell went on without a screen, and may be doing anything. */
  constructor(left: boolean) {
    this.waits = left;
  }

  get runs(): boolean {
    return this.waits;
  }

  /** Something is typed; `before` is what stands left of the cursor. */
  typed(bytes: Uint8Array, before: string): void {
    if (!this.waits && !this.inLine && before.trim() !== "") this.ending = before.slice(-2);
    this.inLine = !ENDS_LINE.has(bytes.at(-1) ?? 0);
    // Also after Ctrl-C what stands left of the cursor ("^C") is no prompt until one is drawn.
    if (bytes.some((byte) => ENDS_LINE.has(byte))) this.waits = true;
  }

  /** Something was drawn; `before` is what stands left of the cursor. */
  drawn(before: string): void {
    if (this.isPrompt(before)) this.waits = false;
  }

  private isPrompt(before: string): boolean {
    return this.ending === null ? LOOKS_LIKE_PROMPT.test(before) : before.endsWith(this.ending);
  }
}
