import { describe, expect, it } from "vitest";
import type { CommandRow } from "@/api/contract";
import { countsOf, endingOf, grouped, resultLine, triaged } from "./triage";

const command = (id: string, part: Partial<CommandRow> = {}) =>
  ({
    id,
    hostname: id,
    status: "succeeded",
    exit_code: 0,
    first_line: "fine",
    last_line: "end",
    message: null,
    machine_online: true,
    ...part,
  }) as CommandRow;
const failed = (id: string, last_line = "E: no") => command(id, { status: "failed", exit_code: 1, last_line });

describe("the results of a run", () => {
  it("are counted by how they ended, those that wait for a machine that is away apart", () => {
    const counts = countsOf({
      total: 26,
      by_status: { succeeded: 21, failed: 2, timed_out: 1, queued: 2 },
      offline: 1,
    });
    expect([...counts]).toEqual([
      ["failed", 3],
      ["offline", 1],
      ["waiting", 1],
      ["ok", 21],
    ]);
    expect(endingOf(command("a", { status: "queued", machine_online: false }))).toBe("offline");
    expect(endingOf(command("a", { status: "running", machine_online: false }))).toBe("running");
  });

  it("have the failed ones first, and names in the order of people", () => {
    const rows = [command("pc 10"), command("pc 2"), failed("z"), command("q", { status: "running" })];
    expect(triaged(rows).map(({ id }) => id)).toEqual(["z", "q", "pc 2", "pc 10"]);
  });

  it("are one row where they are equal, unfolded where somebody wants to see them", () => {
    const rows = [failed("a"), failed("b"), failed("c", "E: other"), command("d")];
    const shape = (unfolded: string[]) =>
      grouped(rows, new Set(unfolded)).map(({ id, members }) => [id, members.length]);
    expect(shape([])).toEqual([
      ["a", 2],
      ["c", 1],
      ["d", 1],
    ]);
    expect(shape(["a"]).map(([id]) => id)).toEqual(["a", "a inside", "b inside", "c", "d"]);
  });

  it("say why they failed, not what they said first", () => {
    expect(resultLine(failed("a"))).toBe("E: no");
    expect(resultLine(command("a"))).toBe("fine");
    expect(resultLine(command("a", { status: "timed_out", last_line: null, message: "ran out of time" }))).toBe(
      "ran out of time",
    );
    expect(resultLine(command("a", { first_line: null }))).toBeNull();
  });
});
