import { expect, it } from "vitest";
import { endWords } from "./words";

it("says an end in sentences", () => {
  expect(endWords("The shell ended.", 0)).toBe("The shell ended. Exit code 0.");
  expect(endWords("The shell ended. (5 bytes of its last output did not arrive.)", 3)).toBe(
    "The shell ended. (5 bytes of its last output did not arrive.) Exit code 3.",
  );
  expect(endWords("the session has ended", null)).toBe("the session has ended.");
  expect(endWords(null, 1)).toBe("Exit code 1.");
  expect(endWords(null, null)).toBe("");
});
