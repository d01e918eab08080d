import { expect, it } from "vitest";
import { exitWords } from "./exit-code";

it("says what an exit code stands for", () => {
  expect([null, 0, 3, -9, -15, -64, 127, 137, 200].map(exitWords)).toEqual([
    "–",
    "0",
    "3",
    "−9 (killed, SIGKILL)",
    "−15 (asked to end, SIGTERM)",
    "−64 (signal 64)",
    "127 (not found)",
    "137 (killed, SIGKILL)",
    "200",
  ]);
});
