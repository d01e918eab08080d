import { describe, expect, it } from "vitest";
import { bytes, clock, counted, duration, elapsed, exactTime, isoOf, percent, relativeTime, words } from "./format";

describe("format", () => {
  it("says amounts with their units", () => {
    expect(bytes(0)).toBe("0 B");
    expect(bytes(1536)).toBe("1.50 KiB");
    expect(bytes(16 * 2 ** 30)).toBe("16.0 GiB");
    expect(percent(7.25)).toBe("7.3 %");
    expect(percent(93.7)).toBe("94 %");
    expect(counted(1243, "machine")).toBe("1,243 machines");
    expect(counted(1, "process", "processes")).toBe("1 process");
  });

  it("parts numbers and units by spaces that are seen", () => {
    const now = Date.parse("2026-11-23T12:00:00Z");
    const ago = [34e3, 3 * 60e3, 5 * 3600e3, 9 * 86_400e3, 90 * 86_400e3, 900 * 86_400e3];
    const said = [
      ...ago.map((length) => relativeTime(new Date(now - length).toISOString(), now)),
      ...ago.map((length) => `${duration(length / 1000)} ${elapsed(length)}`),
      exactTime(now),
      bytes(1536),
      percent(7.25),
      counted(12_345, "machine"),
    ].join("");
    expect(said.match(/[^\S ]/gu)).toBeNull();
    expect(said).toContain("34 sec. ago");
  });

  it("says lengths of time", () => {
    expect(duration(59)).toBe("59 s");
    expect(duration(250)).toBe("4 min 10 s");
    expect(duration(90_000)).toBe("1 d 1 h");
    expect(elapsed(84)).toBe("84 ms");
    expect(clock(3_753_000)).toBe("1:02:33");
  });

  it("says how long ago", () => {
    const now = Date.parse("2026-11-23T12:00:00Z");
    expect([relativeTime("never", now), exactTime("never")]).toEqual(["no such time", "no such time"]);
    expect([isoOf(1e300), isoOf(0)]).toEqual([null, "1970-01-01T00:00:00.000Z"]);
    expect(relativeTime("2026-11-23T11:59:58Z", now)).toBe("now");
    expect(relativeTime("2026-11-23T12:00:09Z", now)).toBe("now");
    expect(relativeTime("2026-11-23T11:57:00Z", now)).toBe("3 min. ago");
    expect(relativeTime("2026-11-24T12:00:00Z", now)).toBe("tomorrow");
  });

  it("turns codes into words", () => {
    expect(words("timed_out")).toBe("Timed out");
    expect(words("partner_admin")).toBe("Partner admin");
  });
});
