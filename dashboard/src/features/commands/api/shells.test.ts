import { describe, expect, it } from "vitest";
import { shellsFor, withoutShell } from "./shells";

const names = (bySystem: Parameters<typeof shellsFor>[0]) => shellsFor(bySystem).map(({ shells }) => shells[0]);

describe("the shells of a run", () => {
  it("are those that its machines have, the most machines' first", () => {
    expect(names({ windows: 3 })).toEqual(["powershell"]);
    expect(names({ linux: 2, macos: 1 })).toEqual(["sh"]);
    expect(names({ linux: 2, windows: 5 })).toEqual(["powershell", "sh"]);
    expect(names(undefined)).toEqual(["sh", "powershell"]);
  });

  it("are missed by the machines of the other systems", () => {
    expect(withoutShell({ linux: 2, windows: 5, other: 1 }, "sh")).toBe(5);
    expect(withoutShell({ linux: 2, windows: 5, other: 1 }, "cmd")).toBe(3);
    expect(withoutShell({ linux: 2 }, "bash")).toBe(0);
  });
});
