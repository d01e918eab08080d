// @vitest-environment jsdom
import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { alignClock, useNow } from "./use-now";

const NOON = new Date("2026-11-26T12:00:00Z").getTime();

describe("useNow", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.setSystemTime(NOON);
  });
  afterEach(() => vi.useRealTimers());

  it("is right at once although nobody looked for a while", () => {
    renderHook(useNow).unmount();
    vi.setSystemTime(NOON + 300_000);
    const { result, unmount } = renderHook(useNow);
    expect(result.current).toBe(NOON + 300_000);
    unmount();
  });

  it("goes by the server where the browser's own clock is wrong", () => {
    const { result } = renderHook(useNow);
    act(() => alignClock("2026-11-26T12:02:00Z"));
    expect(result.current).toBe(NOON + 120_000);
    act(() => void vi.advanceTimersByTime(10_000));
    expect(result.current).toBe(NOON + 130_000);
    act(() => alignClock("2026-11-26T12:00:11Z"));
    expect(result.current).toBe(NOON + 10_000);
  });
});
