import { describe, expect, it } from "vitest";
import type { AgentRow } from "@/api/contract";
import { machinesAsCsv } from "./csv";
import { problemWords } from "./problem-words";

const agent = (part: Partial<AgentRow>) =>
  ({
    id: "1",
    hostname: "pc 2",
    status: "online",
    problems: [],
    client_name: "Ärzte",
    site_name: "Main",
    os_name: "Debian 12",
    user: null,
    addresses: ["10.0.0.1", "fe80::1"],
    cpu_percent: 1.5,
    memory_percent: null,
    disk_percent: 96,
    last_seen: "2026-11-27T10:00:00Z",
    agent_version: "1.2",
    ...part,
  }) as AgentRow;

describe("machines as CSV", () => {
  it("are lines that a spreadsheet reads, in order", () => {
    const [head, first, end] = machinesAsCsv([agent({})], { labels: {} }).split("\r\n");
    expect(head).toMatch(/^\ufeffMachine,State,Problems,Client,/);
    expect(first).toBe("pc 2,online,,Ärzte,Main,Debian 12,,10.0.0.1 fe80::1,1.5,,96,2026-11-27T10:00:00Z,1.2,1");
    expect(end).toBe("");
  });

  it("say Clients and Sites in the Partner's words", () => {
    const said = machinesAsCsv([], { labels: { client: "Customer", site: "Location" } });
    expect(said).toMatch(/^\ufeffMachine,State,Problems,Customer,Location,/);
  });

  it("hold hostile names as text", () => {
    const said = machinesAsCsv([agent({ hostname: '=cmd|"/c calc"!A0', client_name: "a,b\nc", user: "@x" })], {
      labels: {},
    });
    expect(said).toContain(`"'=cmd|""/c calc""!A0",online,,"a,b\nc",`);
    expect(said).toContain(",'@x,");
  });
});

describe("what is wrong with a machine", () => {
  it("is said with its reading", () => {
    expect(problemWords(agent({ problems: ["disk_full", "memory_high"], memory_percent: 97.4 }))).toBe(
      "Disk 96 % full, Memory 97 %",
    );
    expect(problemWords(agent({ problems: ["offline_long"], status: "offline" }))).toBe("Offline long");
    expect(problemWords(agent({ problems: ["disk_full"], status: "offline" }))).toBe("Disk was 96 % full");
    expect(problemWords(agent({}))).toBe("");
  });
});
