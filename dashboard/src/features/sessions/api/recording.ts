/** An asciicast v2 recording: a header line, then `[seconds, code, data]` lines. A torn last line is left out. */

export interface RecordedEvent {
  at: number;
  code: "o" | "i" | "r" | string;
  data: string;
}

export interface Recording {
  columns: number;
  rows: number;
  events: RecordedEvent[];
  /** Seconds from the first to the last event. */
  length: number;
}

export function parseRecording(text: string): Recording {
  const [first = "", ...lines] = text.split("\n");
  const header = (parseLine(first) ?? {}) as { width?: unknown; height?: unknown };
  const events: RecordedEvent[] = [];
  for (const line of lines) {
    const entry = parseLine(line);
    if (!Array.isArray(entry)) continue;
    const [at, code, data] = entry as unknown[];
    if (typeof at === "number" && typeof code === "string" && typeof data === "string") events.push({ at, code, data });
  }
  return {
    columns: dimension(header.width, 120),
    rows: dimension(header.height, 32),
    events,
    length: events.at(-1)?.at ?? 0,
  };
}

function parseLine(line: string): unknown {
  if (line.trim() === "") return null;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return null; // a recording that is still being written may end in half a line
  }
}

function dimension(value: unknown, otherwise: number): number {
  return typeof value === "number" && value >= 2 && value <= 1000 ? Math.floor(value) : otherwise;
}

export function parseSize(data: string): { columns: number; rows: number } | null {
  const match = /^(\d+)x(\d+)$/.exec(data);
  return match ? { columns: dimension(Number(match[1]), 120), rows: dimension(Number(match[2]), 32) } : null;
}

/** A time in which nothing was shown. */
export interface Idle {
  from: number;
  to: number;
}

/** Pauses longer than this are cut short when a recording is played. */
export const LONGEST_PAUSE_S = 2;
const VISIBLE_PART = 0.01;
const POSTER_LENGTH = 256 * 1024;

/** The pauses that are cut short, as far as they are long enough to be seen among the rest. */
export function idlesOf({ events, length }: Recording): Idle[] {
  const found: Idle[] = [];
  let from = 0;
  for (const { at } of events) {
    if (at - from > LONGEST_PAUSE_S && at - from >= length * VISIBLE_PART) found.push({ from, to: at });
    from = Math.max(from, at);
  }
  return found;
}

/** What shows a recording's last screen: its last size, and enough of its end to fill every screen. */
export function posterOf({ events, columns, rows }: Recording): { columns: number; rows: number; text: string } {
  let size = { columns, rows };
  const texts: string[] = [];
  let left = POSTER_LENGTH;
  for (const { code, data } of events) if (code === "r") size = parseSize(data) ?? size;
  for (let index = events.length - 1; index >= 0 && left > 0; index--) {
    const event = events[index];
    if (event?.code !== "o") continue;
    texts.unshift(event.data);
    left -= event.data.length;
  }
  return { ...size, text: texts.join("") };
}
