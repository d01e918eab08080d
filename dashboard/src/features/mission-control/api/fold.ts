/** Repetition folds: events of one name in a row become one line, which opens. */
import type { EventRow } from "@/api/contract";

export interface Folded {
  /** That of its newest event. */
  id: string;
  events: EventRow[];
}

/** From how many on events in a row are one line. */
const MANY = 3;
/** What lies further apart is another story. */
const APART_MS = 30 * 60_000;

/** Events, newest first, with runs of the same kind together; `folds`: whether this name is one that does. */
export function folded(events: readonly EventRow[], folds: (name: string) => boolean): Folded[] {
  const runs: Folded[] = [];
  for (const event of events) {
    const last = runs.at(-1);
    const before = last?.events.at(-1);
    const near = before !== undefined && new Date(before.at).getTime() - new Date(event.at).getTime() < APART_MS;
    if (last && near && before.name === event.name && folds(event.name)) last.events.push(event);
    else runs.push({ id: event.id, events: [event] });
  }
  return runs.flatMap((run) =>
    run.events.length >= MANY ? [run] : run.events.map((event) => ({ id: event.id, events: [event] })),
  );
}

/** How many machines the events are about. */
export function machinesOf(events: readonly EventRow[]): number {
  return new Set(events.map(({ agent_id, id }) => agent_id ?? id)).size;
}
