import { describe, expect, it } from "vitest";
import { ApiError } from "./errors";
import { Submissions } from "./submissions";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const keyOf = (submissions: Submissions, content: string, error?: unknown) =>
  submissions
    .once(content, async (key) => {
      if (error) throw Object.assign(error, { key });
      return key;
    })
    .catch((thrown: { key: string }) => thrown.key);

describe("a submission's key", () => {
  it("is a UUID, and another one for each submission that was answered", async () => {
    const submissions = new Submissions();
    const [first, second] = [await keyOf(submissions, "a"), await keyOf(submissions, "a")];
    expect(first).toMatch(UUID);
    expect(second).not.toBe(first);
  });

  it("stays for a try again where nobody knows whether the first was carried out", async () => {
    const submissions = new Submissions();
    const first = await keyOf(submissions, "a", new ApiError(503, {}));
    expect(await keyOf(submissions, "b")).not.toBe(first);
    expect(await keyOf(submissions, "a", new ApiError(0, {}))).toBe(first);
    expect(await keyOf(submissions, "a")).toBe(first);
    expect(await keyOf(submissions, "a")).not.toBe(first);
  });

  it("does not stay where the server refused: nothing was done", async () => {
    const submissions = new Submissions();
    const first = await keyOf(submissions, "a", new ApiError(422, {}));
    expect(await keyOf(submissions, "a")).not.toBe(first);
  });
});
