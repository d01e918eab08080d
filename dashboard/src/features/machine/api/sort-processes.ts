import type { ProcessRow } from "@/api/contract";
import { foldText } from "@/lib/fold-text";
import type { ProcessColumn, ProcessSort } from "../search";

const VALUES: Record<ProcessColumn, (row: ProcessRow) => number | string | null> = {
  cpu: (row) => row.cpu_percent,
  rss: (row) => row.rss,
  read: (row) => row.read_bytes,
  write: (row) => row.write_bytes,
  pid: (row) => row.pid,
  name: (row) => row.name,
  user: (row) => row.user,
  started: (row) =>
    row.started === null
      ? null
      : new Date(typeof row.started === "number" ? row.started * 1000 : row.started).getTime(),
};

/** Names as people read them: "kworker/2" before "kworker/10", whatever the case. */
const NAMES = new Intl.Collator("en", { numeric: true });

/** Rows in the order of "-cpu", "name" …; rows without the value come last whichever the direction. */
export function sortProcesses(rows: ProcessRow[], sort: ProcessSort): ProcessRow[] {
  const down = sort.startsWith("-");
  const value = VALUES[sort.replace(/^-/, "") as ProcessColumn];
  return [...rows].sort((left, right) => {
    const [a, b] = [value(left), value(right)];
    if (a === null || b === null) return a === b ? left.pid - right.pid : a === null ? 1 : -1;
    const order = typeof a === "string" || typeof b === "string" ? NAMES.compare(String(a), String(b)) : a - b;
    return (down ? -order : order) || left.pid - right.pid;
  });
}

/** The rows in an order they already had: who has left is gone, who is new comes last. */
export function inKeptOrder(rows: ProcessRow[], pids: number[]): ProcessRow[] {
  const place = new Map(pids.map((pid, index) => [pid, index]));
  return [...rows].sort((a, b) => (place.get(a.pid) ?? pids.length) - (place.get(b.pid) ?? pids.length));
}

export function matchesProcess(row: ProcessRow, text: string): boolean {
  const wanted = foldText(text);
  return [row.name, row.user ?? "", row.command ?? "", String(row.pid)].some((part) => foldText(part).includes(wanted));
}
