// @vitest-environment jsdom
import { beforeAll, describe, expect, it, vi } from "vitest";

// The plot measures the screen when it is loaded.
let chart: typeof import("./time-chart");
beforeAll(async () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  chart = await import("./time-chart");
});

describe("the crosshair of a chart", () => {
  it("tells the moment, with its day where the chart spans more than one", () => {
    const start = Date.UTC(2026, 10, 27, 9, 5, 7) / 1000;
    expect(chart.momentOf([start, start + 60], 0)).toMatch(/^\d\d:\d5:07$/);
    expect(chart.momentOf([start, start + 40 * 86_400], 0)).toMatch(/^2\d Nov/);
  });

  it("tells what happened about then", () => {
    const marks = [
      { at: 100, text: "a command" },
      { at: 5000, text: "a change" },
    ];
    const at = [0, 100, 5000, 10_000];
    expect(chart.marksNear(marks, at, 1).map(({ text }) => text)).toEqual(["a command"]);
    expect(chart.marksNear(marks, at, 3)).toEqual([]);
  });
});
