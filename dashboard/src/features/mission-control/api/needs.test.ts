import { describe, expect, it } from "vitest";
import type { FailedRun, Overview } from "@/api/contract";
import { needsOf, snoozedOf } from "./needs";

const site = (name: string, online: number, total: number) => ({ id: name, name, client_name: "C", online, total });
const entry = (agent_id: string, kind: string, site_name = "Other") => ({
  agent_id,
  kind,
  client_name: "C",
  site_name,
});
const overview = (sites: unknown[], attention: unknown[]) => ({ sites, attention }) as Overview;
const run = { batch_id: "b", failed: 2 } as FailedRun;

describe("what needs me now", () => {
  it("begins with outages, and does not say their machines again", () => {
    const needs = needsOf(
      overview(
        [site("Fine", 9, 10), site("Small", 0, 3), site("Down", 0, 1428)],
        [entry("1", "disk_full", "Down"), entry("2", "offline_long", "Down"), entry("3", "offline_long")],
      ),
      [run],
    );
    expect(needs.map(({ id }) => id)).toEqual([
      "outage Down 0",
      "outage Small 0",
      "disk_full 1",
      "run b 2",
      "offline_long 3",
    ]);
  });

  it("takes half of a large Site for an outage, and one machine alone for that machine", () => {
    const ids = (...sites: unknown[]) => needsOf(overview(sites, []), []).map(({ id }) => id);
    expect(ids(site("Half", 5, 10), site("Less", 4, 10), site("One", 0, 1), site("Empty", 0, 0))).toEqual([
      "outage Less 4",
    ]);
  });

  it("puts off until a time, and forgets what is past or no list", () => {
    expect(snoozedOf('{"a": 50, "b": 150, "c": "x"}', 100)).toEqual({ b: 150 });
    expect(snoozedOf("[", 1)).toEqual({});
    expect(snoozedOf(null, 1)).toEqual({});
  });
});
