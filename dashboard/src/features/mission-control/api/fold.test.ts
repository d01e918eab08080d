import { describe, expect, it } from "vitest";
import type { EventRow } from "@/api/contract";
import { folded, machinesOf } from "./fold";

const event = (id: string, name: string, minutesAgo: number, agent_id: string | null = id) =>
  ({ id, name, agent_id, at: new Date(1e12 - minutesAgo * 60_000).toISOString() }) as EventRow;
const shape = (events: EventRow[]) =>
  folded(events, (name) => name !== "tunnel.opened").map(({ id, events: of }) => [id, of.length]);

describe("activity", () => {
  it("folds what happens many times in a row", () => {
    const run = Array.from({ length: 12 }, (_, number) => event(`o${number}`, "agent.online", number));
    expect(shape([event("a", "command.queued", 0), ...run, event("z", "agent.offline", 13)])).toEqual([
      ["a", 1],
      ["o0", 12],
      ["z", 1],
    ]);
  });

  it("leaves two of a kind, what lies apart, and kinds that tell something each time", () => {
    const names = (name: string, minutes: number[]) => minutes.map((ago, number) => event(`${number}`, name, ago));
    expect(shape(names("agent.online", [0, 1]))).toHaveLength(2);
    expect(shape(names("agent.online", [0, 60, 120]))).toHaveLength(3);
    expect(shape(names("tunnel.opened", [0, 1, 2, 3]))).toHaveLength(4);
  });

  it("counts machines, not events", () => {
    expect(
      machinesOf([
        event("1", "agent.online", 0, "m"),
        event("2", "agent.online", 1, "m"),
        event("3", "agent.online", 2, "n"),
      ]),
    ).toBe(2);
  });
});
