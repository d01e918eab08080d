/** What was typed and has not been taken by the agent yet, by offset since the session began. */
export class InputBuffer {
  private chunks: { start: number; bytes: Uint8Array }[] = [];
  private base = 0;
  private end = 0;

  /** Everything before this offset is with the agent. */
  get acknowledged(): number {
    return this.base;
  }

  get length(): number {
    return this.end - this.base;
  }

  get endOffset(): number {
    return this.end;
  }

  /** The channel goes on at this offset, where another tab left it: what waits here is typed from there on. */
  beginAt(offset: number): void {
    const shift = offset - this.base;
    this.chunks = this.chunks.map(({ start, bytes }) => ({ start: start + shift, bytes }));
    this.base += shift;
    this.end += shift;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push({ start: this.end, bytes });
    this.end += bytes.length;
  }

  /** The agent has everything before `offset`. An offset beyond the end is another window's input: we go on from there. */
  acknowledge(offset: number): void {
    if (offset <= this.base) return;
    this.base = offset;
    this.end = Math.max(this.end, offset);
    this.chunks = this.chunks.filter((chunk) => chunk.start + chunk.bytes.length > offset);
  }

  /** At most `limit` bytes from `offset` on, from one chunk; empty at the end. */
  read(offset: number, limit: number): Uint8Array {
    const chunk = this.chunks.find(({ start, bytes }) => offset >= start && offset < start + bytes.length);
    if (!chunk) return new Uint8Array(0);
    const from = offset - chunk.start;
    return chunk.bytes.subarray(from, from + limit);
  }
}
