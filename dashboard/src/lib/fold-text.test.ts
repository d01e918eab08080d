import { describe, expect, it } from "vitest";
import { foldText } from "./fold-text";

describe("a folded text", () => {
  it("has neither marks nor case", () => {
    expect(["İzmir", "Ärzte", "NAÏVE"].map(foldText)).toEqual(["izmir", "arzte", "naive"]);
    expect(foldText("pc 10")).toBe("pc 10");
  });
});
