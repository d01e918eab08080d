/**
 * Whether something runs in a shell, as far as its screen tells: after Enter it does until the prompt is back. A guess,
 * so it only decides whether somebody is asked, never what is done.
 */
const LOOKS_LIKE_PROMPT = /[#$%❯»λ] ?$/;
const ENTER = 13;
const NEWLINE = 10;

export class Running {
  /** How the prompt ends, learnt where the first key of a line was typed. */
  private ending: string | null = null;
  private waits: boolean;
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
    this.inLine = true;
    if (bytes.includes(ENTER) || bytes.includes(NEWLINE)) this.waits = true;
  }

  /** Something was drawn; `before` is what stands left of the cursor. */
  drawn(before: string): void {
    if (!this.waits || !this.isPrompt(before)) return;
    this.waits = false;
    this.inLine = false;
  }

  private isPrompt(before: string): boolean {
    return this.ending === null ? LOOKS_LIKE_PROMPT.test(before) : before.endsWith(this.ending);
  }
}
