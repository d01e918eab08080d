import { describe, expect, it } from "vitest";
import { nextSort } from "./header-cell";

describe("nextSort", () => {
  it("goes one way, the other way, and back to the list's own order", () => {
    expect(nextSort(undefined, "hostname", false)).toBe("hostname");
    expect(nextSort("hostname", "hostname", false)).toBe("-hostname");
    expect(nextSort("-hostname", "hostname", false)).toBeUndefined();
  });

  it("starts downwards for numbers and times", () => {
    expect(nextSort("hostname", "cpu", true)).toBe("-cpu");
    expect(nextSort("-cpu", "cpu", true)).toBe("cpu");
  });
});
