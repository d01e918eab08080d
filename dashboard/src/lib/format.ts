const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const NUMBER = new Intl.NumberFormat("en");
const EXACT = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

export function count(value: number): string {
  return NUMBER.format(value);
}

/** "Site" → "Sites", "Company" → "Companies", "Branch" → "Branches". */
export function pluralOf(word: string): string {
  if (/[^aeiou]y$/i.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`;
}

/** "1 machine", "1,243 machines". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A moment as ISO text; null for one that no calendar has: machines may name any number. */
export function isoOf(seconds: number): string | null {
  const moment = new Date(seconds * 1000);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

export function exactTime(iso: string | number | Date): string {
  if (Number.isNaN(new Date(iso).getTime())) return "no such time";
  return EXACT.format(new Date(iso));
}

export function relativeTime(iso: string, now: number): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (Number.isNaN(size)) return "no such time";
  if (size < 5 || (seconds > 0 && seconds <= 11)) return "now"; // `now` may be a tick old
  if (size < 60) return RELATIVE.format(Math.round(seconds), "second");
  if (size < 3600) return RELATIVE.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return RELATIVE.format(Math.round(seconds / 3600), "hour");
  if (size < 30 * 86_400) return RELATIVE.format(Math.round(seconds / 86_400), "day");
  if (size < 365 * 86_400) return RELATIVE.format(Math.round(seconds / (30 * 86_400)), "month");
  return RELATIVE.format(Math.round(seconds / (365 * 86_400)), "year");
}

/** "3 d 4 h", "12 min", "8 s": the two largest units. */
export function duration(totalSeconds: number): string {
  const seconds = Math.max(0, Math.floor(totalSeconds));
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes > 0) return seconds % 60 > 0 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  return `${seconds} s`;
}

/** How long something ran: "84 ms", "3.2 s", "4 min 10 s". */
export function elapsed(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return duration(milliseconds / 1000);
}

/** "4:07", "1:02:33": a running clock. */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const [hours = 0, minutes = 0, rest = 0] = parts;
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, "0")}:${String(rest).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(value: number): string {
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return `${size.toFixed(digits)} ${UNITS[unit]}`;
}

export function byteRate(value: number): string {
  return `${bytes(value)}/s`;
}

export function percent(value: number): string {
  return `${value < 10 && value > 0 ? value.toFixed(1) : Math.round(value)} %`;
}

const STATUS_WORDS: Record<string, string> = { timed_out: "Timed out", used_up: "Used up" };

/** "timed_out" → "Timed out". */
export function words(code: string): string {
  return STATUS_WORDS[code] ?? `${code.charAt(0).toUpperCase()}${code.slice(1).replaceAll("_", " ")}`;
}
