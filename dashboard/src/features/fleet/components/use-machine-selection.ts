import { useCallback, useMemo, useRef, useState } from "react";
import type { AgentFilter, AgentRow } from "@/api/contract";
import type { WindowedList } from "@/api/use-windowed-list";
import type { Selection } from "@/components/data-table/selection";
import { notifyError } from "@/components/notify";
import type { MachineTarget } from "@/features/define-feature";
import { usePlaced } from "@/lib/use-place";

interface Chosen {
  /** Names by ids; of everything that matches, none. */
  machines: ReadonlyMap<string, string>;
  all: boolean;
  /** The list that they were chosen in. */
  list: string;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Machines chosen in the fleet: some of them by name, or everything that the filter means. */
export function useMachineSelection(filter: AgentFilter, list: WindowedList<AgentRow>, total: number) {
  const here = JSON.stringify(filter);
  const [kept, setKept] = usePlaced<Chosen>("selection", { machines: NONE, all: false, list: here });
  const [busy, setBusy] = useState(false);
  const anchor = useRef<number | null>(null);
  // A selection belongs to the list it was made in: under another filter there is none.
  const { machines, all } = kept.list === here ? kept : { machines: NONE, all: false };
  const choose = useCallback(
    (next: ReadonlyMap<string, string>, everything = false) => setKept({ machines: next, all: everything, list: here }),
    [setKept, here],
  );
  const { between } = list;
  const withRows = useCallback(
    async (first: number, last: number, take: (rows: AgentRow[]) => void) => {
      setBusy(true);
      await between(first, last).then(take, (error) => notifyError("Nothing was selected.", error));
      setBusy(false);
    },
    [between],
  );
  const selection = useMemo<Selection<AgentRow>>(
    () => ({
      has: (id) => all || machines.has(id),
      size: all ? total : machines.size,
      all,
      onAll: (everything) => choose(NONE, everything),
      onToggle: (row, index, range) => {
        const from = anchor.current;
        anchor.current = index;
        if (all) return void withRows(0, total - 1, (rows) => choose(without(named(rows), row.id)));
        if (range && from !== null && from !== index) {
          const [first, last] = [Math.min(from, index), Math.max(from, index)];
          return void withRows(first, last, (rows) => choose(new Map([...machines, ...named(rows)])));
        }
        choose(machines.has(row.id) ? without(machines, row.id) : new Map(machines).set(row.id, row.hostname));
      },
    }),
    [machines, all, total, choose, withRows],
  );
  const target = (): MachineTarget =>
    all
      ? { kind: "filter", filter, total }
      : { kind: "agents", agents: [...machines].map(([id, hostname]) => ({ id, hostname })) };
  const clear = useCallback(() => choose(NONE), [choose]);
  return { selection, target, clear, busy };
}

function named(rows: readonly AgentRow[]): Map<string, string> {
  return new Map(rows.map(({ id, hostname }) => [id, hostname]));
}

function without(machines: ReadonlyMap<string, string>, id: string): Map<string, string> {
  const next = new Map(machines);
  next.delete(id);
  return next;
}
