/** Many results of one script, for whoever looks for what went wrong: sorts of endings, and what is the same. */
import type { CommandRow, CommandStatus, RunSums } from "@/api/contract";
import { ENDINGS, type Ending } from "../search";

const OF_STATUS: Record<CommandStatus, Ending> = {
  failed: "failed",
  timed_out: "failed",
  expired: "failed",
  queued: "waiting",
  delivered: "waiting",
  running: "running",
  succeeded: "ok",
  cancelled: "cancelled",
};

export function endingOf({ status, machine_online }: Pick<CommandRow, "status" | "machine_online">): Ending {
  return status === "queued" && machine_online === false ? "offline" : (OF_STATUS[status] ?? "waiting");
}

/** How many ended in each way, by the server's sums over the whole run. */
export function countsOf({ by_status: byStatus, offline }: RunSums): Map<Ending, number> {
  const counts = new Map<Ending, number>();
  for (const [status, number] of Object.entries(byStatus)) {
    const ending = OF_STATUS[status as CommandStatus] ?? "waiting";
    counts.set(ending, (counts.get(ending) ?? 0) + number);
  }
  counts.set("waiting", (counts.get("waiting") ?? 0) - offline);
  counts.set("offline", offline);
  return new Map(
    ENDINGS.flatMap((ending) => ((counts.get(ending) ?? 0) > 0 ? [[ending, counts.get(ending) ?? 0] as const] : [])),
  );
}

/** What a row says of its result: why it failed, or the first that it said. */
export function resultLine(command: CommandRow): string | null {
  const failed = endingOf(command) === "failed";
  return (failed ? (command.last_line ?? command.message) : (command.first_line ?? command.message)) ?? null;
}

export interface ResultGroup {
  /** That of its first command. */
  id: string;
  first: CommandRow;
  members: CommandRow[];
  /** A row of a group that is unfolded, below the group's own. */
  inside: boolean;
}

/** Commands as rows: what ended in the same way is one row, with its members below it where it is unfolded. */
export function grouped(commands: readonly CommandRow[], unfolded: ReadonlySet<string>): ResultGroup[] {
  const groups = new Map<string, CommandRow[]>();
  for (const command of commands) {
    const key = JSON.stringify([endingOf(command), command.status, command.exit_code, resultLine(command)]);
    const group = groups.get(key);
    if (group) group.push(command);
    else groups.set(key, [command]);
  }
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const own: ResultGroup = { id: first.id, first, members, inside: false };
    const open = members.length > 1 && unfolded.has(first.id);
    const below = members.map((each) => ({ id: `${each.id} inside`, first: each, members: [each], inside: true }));
    return open ? [own, ...below] : [own];
  });
}

const RANK = new Map(ENDINGS.map((ending, index) => [ending, index]));

/** Failed first, then what is not over, then what went well; by the names of the machines within. */
export function triaged(commands: readonly CommandRow[]): CommandRow[] {
  const rank = (command: CommandRow) => RANK.get(endingOf(command)) ?? 0;
  return [...commands].sort(
    (a, b) => rank(a) - rank(b) || a.hostname.localeCompare(b.hostname, "en", { numeric: true }),
  );
}
