import { describe, expect, it } from "vitest";
import type { MetricHistory, Metrics } from "@/api/contract";
import { withSample } from "./with-sample";

const column = [1, 2];
const history = (at: number[]): MetricHistory => ({
  step_s: 60,
  columns: {
    at,
    cpu: column,
    memory: column,
    load: column,
    receive: column,
    send: column,
    read: column,
    write: column,
    disk: column,
    temperature: column,
  },
});
const sample = (second: number) =>
  ({
    at: new Date(second * 1000).toISOString(),
    cpu_percent: 7,
    memory_used: 1,
    memory_total: 4,
    disks: [
      { mount: "/", used: 1, total: 10, free: 9, access: "writable" },
      { mount: "/full", used: 9, total: 10, free: 1, access: "writable" },
    ],
    temperatures: [],
  }) as unknown as Metrics;

describe("withSample", () => {
  it("adds the sample at the end", () => {
    const { columns } = withSample(history([940, 1000]), sample(1010));
    expect(columns.at).toEqual([940, 1000, 1010]);
    expect(columns.cpu).toEqual([1, 2, 7]);
    expect(columns.memory.at(-1)).toBe(25);
    expect(columns.disk.at(-1)).toBe(90);
    expect(columns.temperature.at(-1)).toBeNull();
  });

  it("ignores a sample that is not newer", () => {
    const before = history([940, 1000]);
    expect(withSample(before, sample(1000))).toBe(before);
  });

  it("breaks the line where the machine was away", () => {
    const { columns } = withSample(history([940, 1000]), sample(1500));
    expect(columns.at).toEqual([940, 1000, 1060, 1500]);
    expect(columns.cpu).toEqual([1, 2, null, 7]);
  });

  it("lets go of what is older than the live hour", () => {
    expect(withSample(history([940, 4990]), sample(5000)).columns.at).toEqual([4990, 5000]);
  });
});
