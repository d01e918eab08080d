import type { LiveOutput } from "./live";

export interface OutputPiece {
  stream: "stdout" | "stderr";
  text: string;
  /** How many bytes of the stream are left out before it. */
  skipped: number;
}

/**
 * Output that arrives piece by piece. Pieces are numbered from 0 over both streams; they may come twice or late.
 * `pieces` holds the unbroken run from 0; while it is null something before is missing and the stored output is the truth.
 */
export class LiveOutputBuffer {
  private readonly waiting = new Map<number, OutputPiece>();
  private readonly run: OutputPiece[] = [];

  /** True when the unbroken run has grown. */
  add({ seq, stream, text, skipped }: LiveOutput): boolean {
    if (seq < this.run.length) return false;
    this.waiting.set(seq, { stream, text, skipped });
    const before = this.run.length;
    for (let next = this.waiting.get(this.run.length); next; next = this.waiting.get(this.run.length)) {
      this.waiting.delete(this.run.length);
      this.run.push(next);
    }
    return this.run.length > before;
  }

  get hasGap(): boolean {
    return this.waiting.size > 0;
  }

  get pieces(): OutputPiece[] | null {
    return this.run.length > 0 && !this.hasGap ? joined(this.run) : null;
  }
}

/** Neighbours of the same stream as one piece, so that the page has few elements. */
function joined(pieces: OutputPiece[]): OutputPiece[] {
  const found: OutputPiece[] = [];
  for (const piece of pieces) {
    const last = found.at(-1);
    if (last?.stream === piece.stream && piece.skipped === 0) last.text += piece.text;
    else found.push({ ...piece });
  }
  return found;
}
