/** What needs somebody now, out of all that the server tells: outages first, an outage's own machines not again. */
import type { FailedRun, Overview } from "@/api/contract";

type Site = Overview["sites"][number];
type Attention = Overview["attention"][number];

export type Need =
  | { id: string; kind: "outage"; site: Site }
  | { id: string; kind: "machine"; entry: Attention }
  | { id: string; kind: "run"; run: FailedRun };

/** A Site of one machine is that machine; of a large one, half is an outage too. */
const LARGE = 10;

export function isOutage({ total, online }: Site): boolean {
  return (online === 0 && total >= 2) || (total >= LARGE && online < total / 2);
}

export function needsOf(overview: Overview, runs: readonly FailedRun[]): Need[] {
  const down = overview.sites.filter(isOutage).sort((a, b) => b.total - b.online - (a.total - a.online));
  const names = new Set(down.map((site) => `${site.client_name}\n${site.name}`));
  const machines = overview.attention.filter(
    ({ kind, client_name, site_name }) => kind !== "offline_long" || !names.has(`${client_name}\n${site_name}`),
  );
  const urgent = machines.filter(({ kind }) => kind !== "offline_long");
  const gone = machines.filter(({ kind }) => kind === "offline_long");
  return [
    ...down.map((site): Need => ({ id: `outage ${site.id} ${site.online}`, kind: "outage", site })),
    ...urgent.map(needOfMachine),
    ...runs.map((run): Need => ({ id: `run ${run.batch_id} ${run.failed}`, kind: "run", run })),
    ...gone.map(needOfMachine),
  ];
}

function needOfMachine(entry: Attention): Need {
  return { id: `${entry.kind} ${entry.agent_id}`, kind: "machine", entry };
}

/** What was put off, until when in ms since the epoch; what is past is left out. */
export function snoozedOf(kept: string | null, now: number): Record<string, number> {
  try {
    const found = Object.entries(JSON.parse(kept ?? "{}") as object);
    return Object.fromEntries(found.filter(([, until]) => typeof until === "number" && until > now));
  } catch {
    return {}; // somebody wrote something else there
  }
}
