/**
 * What a command said, as a screen would show it: colours and weights kept, carriage returns, backspaces and the
 * erasing of a line honoured. Other control sequences stay in the text, where they are made visible: nothing is hidden.
 */
export interface Style {
  /** A colour of the palette (0–15), or as `r,g,b`. */
  color?: string;
  background?: string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
}

export interface Run {
  text: string;
  style: Style;
  /** Which stream it came on. */
  stream: "stdout" | "stderr";
}

export type Stream = Run["stream"];

const PLAIN: Style = {};
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are honoured
const TOKEN = /\x1b\[([0-9;:]*)m|\x1b\[([0-2]?)K|\r|\n|\x08|[^\x1b\r\n\x08]+|\x1b/g;

/** Takes what comes, piece by piece; `runs` is what is on the screen. */
export class Screen {
  private readonly done: Run[] = [];
  /** Cells of any length: most output is never gone back to. A line that is written over has one for each character. */
  private line: Run[] = [];
  private column = 0;
  private returned = false;
  /** The line has one cell for each character already: to do that again at each step would cost its square. */
  private spreadOut = false;
  private readonly style: Record<Stream, Style> = { stdout: PLAIN, stderr: PLAIN };

  write(text: string, stream: Stream): void {
    for (const [token, colours, erase] of text.matchAll(TOKEN)) {
      if (token === "\n") this.endLine(stream);
      else if (token === "\r") this.returned = true;
      else if (colours !== undefined) this.style[stream] = styled(this.style[stream], colours);
      else {
        if (this.returned) this.goTo(0);
        if (token === "\b") this.goTo(Math.max(0, this.spread() - 1));
        else if (erase !== undefined) this.erase(erase);
        else this.put({ text: token, style: this.style[stream], stream });
      }
    }
  }

  get runs(): Run[] {
    return merged([...this.done, ...this.line]);
  }

  private put(cell: Run): void {
    if (!this.spreadOut && this.column === this.line.length) {
      this.line.push(cell);
      this.column += 1;
      return;
    }
    this.spread();
    for (const character of cell.text) {
      this.line[this.column] = { ...cell, text: character };
      this.column += 1;
    }
  }

  private goTo(column: number): void {
    this.spread();
    this.column = column;
    this.returned = false;
  }

  /** One cell for each character; returns the column that one is in. */
  private spread(): number {
    if (this.spreadOut) return this.column;
    this.spreadOut = true;
    this.column = this.line.slice(0, this.column).reduce((sum, { text }) => sum + [...text].length, 0);
    this.line = this.line.flatMap((cell) => [...cell.text].map((character) => ({ ...cell, text: character })));
    return this.column;
  }

  private erase(what: string): void {
    this.spread();
    if (what === "2") {
      this.line = [];
      this.column = 0;
    } else if (what !== "1") this.line.length = this.column;
  }

  private endLine(stream: Stream): void {
    this.done.push(...this.line, { text: "\n", style: PLAIN, stream });
    this.line = [];
    this.column = 0;
    this.returned = false;
    this.spreadOut = false;
  }
}

/** The text alone, for copying. */
export function plain(runs: readonly Run[]): string {
  return runs.map(({ text }) => text).join("");
}

function merged(cells: readonly Run[]): Run[] {
  const found: Run[] = [];
  for (const cell of cells) {
    const last = found.at(-1);
    if (last && last.stream === cell.stream && (last.style === cell.style || cell.text === "\n"))
      last.text += cell.text;
    else found.push({ ...cell });
  }
  return found;
}

const SWITCHES: Record<number, Style> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  22: { bold: undefined, dim: undefined },
  23: { italic: undefined },
  24: { underline: undefined },
  27: { inverse: undefined },
  29: { strike: undefined },
  39: { color: undefined },
  49: { background: undefined },
};

function styled(before: Style, sequence: string): Style {
  const codes = sequence.split(/[;:]/).map(Number);
  let style = before;
  for (let code = codes.shift(); code !== undefined; code = codes.shift()) {
    if (code === 0) style = PLAIN;
    else if (code === 38 || code === 48) style = { ...style, [code === 38 ? "color" : "background"]: wide(codes) };
    else style = { ...style, ...(SWITCHES[code] ?? ofPalette(code)) };
  }
  return style;
}

function ofPalette(code: number): Style {
  if (code >= 30 && code <= 37) return { color: String(code - 30) };
  if (code >= 90 && code <= 97) return { color: String(code - 82) };
  if (code >= 40 && code <= 47) return { background: String(code - 40) };
  if (code >= 100 && code <= 107) return { background: String(code - 92) };
  return {};
}

const LEVELS = [0, 95, 135, 175, 215, 255];

/** What follows 38 and 48: `5;n` of 256 colours, or `2;r;g;b`. */
function wide(codes: number[]): string | undefined {
  const kind = codes.shift();
  if (kind === 2) return codes.splice(0, 3).map(byte).join(",");
  if (kind !== 5) return undefined;
  const number = byte(codes.shift());
  if (number < 16) return String(number);
  if (number > 231)
    return Array(3)
      .fill(8 + (number - 232) * 10)
      .join(",");
  const cube = number - 16;
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => LEVELS[level]).join(",");
}

function byte(value: number | undefined): number {
  return Math.min(255, Math.max(0, Math.trunc(value || 0)));
}
