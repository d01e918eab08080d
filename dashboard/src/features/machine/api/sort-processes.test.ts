import { describe, expect, it } from "vitest";
import type { ProcessRow } from "@/api/contract";
import { inKeptOrder, matchesProcess, sortProcesses } from "./sort-processes";

const row = (pid: number, cpu: number | null, name = "p") =>
  ({
    pid,
    ppid: 1,
    name,
    user: "root",
    cpu_percent: cpu,
    rss: pid,
    read_bytes: null,
    write_bytes: null,
    started: null,
    command: "/bin/p --x",
  }) satisfies ProcessRow;
const pids = (rows: ProcessRow[]) => rows.map(({ pid }) => pid);

describe("processes", () => {
  const rows = [row(1, 5), row(2, null), row(3, 9)];

  it("sort both ways, those without a value last", () => {
    expect(pids(sortProcesses(rows, "-cpu"))).toEqual([3, 1, 2]);
    expect(pids(sortProcesses(rows, "cpu"))).toEqual([1, 3, 2]);
  });

  it("sort by name as people do", () => {
    const names = ["zsh", "kworker/10", "Ärger", "KWorker/2", "bash"].map((name, pid) => row(pid, 1, name));
    expect(sortProcesses(names, "name").map(({ name }) => name)).toEqual([
      "Ärger",
      "bash",
      "KWorker/2",
      "kworker/10",
      "zsh",
    ]);
  });

  it("keep an order that somebody reads, newcomers last", () => {
    expect(pids(inKeptOrder([row(9, 99), ...rows], [2, 3, 1]))).toEqual([2, 3, 1, 9]);
  });

  it("are found by any of their words", () => {
    expect(matchesProcess(row(12, 1), "--X")).toBe(true);
    expect(matchesProcess(row(12, 1), "12")).toBe(true);
    expect(matchesProcess(row(12, 1), "nginx")).toBe(false);
  });
});
