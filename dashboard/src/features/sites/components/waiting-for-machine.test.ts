import { describe, expect, it } from "vitest";
import type { EventRow } from "@/api/contract";
import { arrivals } from "./waiting-for-machine";

const event = (name: string, agent_id: string | null, site_id = "here") =>
  ({ name, agent_id, site_id, hostname: `host ${agent_id}` }) as EventRow;
const cameWith = (...events: EventRow[]) =>
  events.reduce((came, each) => arrivals(came, each, "here"), arrivals([], event("x", null), "here"));

describe("a Site's page", () => {
  it("tells of machines that come while it is open, and when they are online", () => {
    const came = cameWith(event("agent.enrolled", "1"), event("agent.online", "1"), event("agent.enrolled", "2"));
    expect(came.map(({ id, online }) => [id, online])).toEqual([
      ["1", true],
      ["2", false],
    ]);
  });

  it("tells of no others", () => {
    expect(cameWith(event("agent.online", "old"), event("agent.enrolled", "far", "elsewhere"))).toEqual([]);
    expect(cameWith(event("agent.enrolled", "1"), event("agent.enrolled", "1"))).toHaveLength(1);
  });
});
