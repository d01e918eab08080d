import { describe, expect, it } from "vitest";
import { choiceParam, localPath, numberParam, parseSearch, stringifySearch, textParam } from "./search-params";

describe("search params", () => {
  it("keep text as text, there and back", () => {
    const search = { search: "0012", status: "online", empty: "", none: undefined };
    expect(stringifySearch(search)).toBe("?search=0012&status=online");
    expect(parseSearch("?search=0012&q=true")).toEqual({ search: "0012", q: "true" });
  });

  it("take only what they know", () => {
    expect(choiceParam({ status: "evil" }, "status", ["online"])).toBeUndefined();
    expect(numberParam({ from: "12" }, "from")).toBe(12);
    expect(numberParam({ from: "x" }, "from")).toBeUndefined();
    expect(textParam({ a: "" }, "a")).toBeUndefined();
  });

  it("never lead off this site after sign-in", () => {
    expect(localPath("/fleet?x=1")).toBe("/fleet?x=1");
    expect(localPath("//evil.example")).toBeUndefined();
    expect(localPath("/\\evil.example")).toBeUndefined();
    expect(localPath("https://evil.example")).toBeUndefined();
  });
});
