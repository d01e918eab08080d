// @vitest-environment jsdom

import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type { AgentDetail } from "@/api/contract";
import { MachineHeading } from "./machine-header";

const machine = {
  hostname: "nw-1",
  status: "offline",
  os_name: "Debian",
  os_family: "linux",
  user: null,
  uptime_s: null,
  last_seen: null,
  problems: ["clock_wrong", "disk_read_only"],
  problem_texts: { clock_wrong: "Its clock is 3 hours behind the server's." },
} as unknown as AgentDetail;

afterEach(cleanup);

describe("a machine's heading", () => {
  it("says each problem in words", () => {
    render(<MachineHeading agent={machine} />);
    const said = [...screen.getByRole("list", { name: "Problems" }).children].map((item) => item.textContent);
    expect(said).toEqual(["Its clock is 3 hours behind the server's.", "Disk read only"]);
  });

  it("says nothing of problems where there are none", () => {
    render(<MachineHeading agent={{ ...machine, problems: [] }} />);
    expect(screen.queryByRole("list", { name: "Problems" })).toBeNull();
  });
});
