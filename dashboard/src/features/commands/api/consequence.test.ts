import { describe, expect, it } from "vitest";
import type { RunPreview } from "@/api/contract";
import { counted } from "@/lib/format";
import { consequenceOf } from "./consequence";

const preview = (part: Partial<RunPreview>): RunPreview => ({
  machines: 1,
  online: 1,
  clients: 1,
  signed_in: 0,
  by_os: { linux: 1 },
  ...part,
});
const said = (part: Partial<RunPreview>, shell = "sh") =>
  consequenceOf(preview(part), shell, "1 d", (number) => counted(number, "Client"));

describe("what a run will do, before it is started", () => {
  it("is one line in numbers: how many, whose, how many online, what happens to the rest", () => {
    expect(said({ machines: 5049, online: 12, clients: 3 }).line).toBe(
      "5,049 machines, 3 Clients: 12 are online, 5,037 wait up to 1 d.",
    );
    expect(said({ machines: 4, online: 4, signed_in: 2 }).line).toBe(
      "4 machines, 1 Client: all online, somebody is signed in on 2 machines.",
    );
    expect(said({ machines: 2, online: 0 }).line).toBe("2 machines, 1 Client: all 2 wait up to 1 d.");
    expect(said({}).line).toBe("It is online.");
    expect(said({ online: 0 }).line).toBe("It is offline and waits up to 1 d.");
  });

  it("warns of machines that do not have the shell", () => {
    expect(said({}).warning).toBeNull();
    expect(said({ machines: 3, by_os: { linux: 2, windows: 1 } }).warning).toBe(
      "1 machine of another system has no sh: it will fail there.",
    );
    expect(said({ machines: 2, by_os: { windows: 2 } }).warning).toBe("None of them has sh: it will fail there.");
  });
});
