import { describe, expect, it } from "vitest";
import {
  choiceParam,
  idParam,
  localPath,
  numberParam,
  parseSearch,
  sortParam,
  stringifySearch,
  textParam,
} from "./search-params";

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

  it("drop sorts that no column has, and ids that are none", () => {
    expect(sortParam({ sort: "-cpu" }, ["cpu"])).toBe("-cpu");
    expect(sortParam({ sort: "--cpu" }, ["cpu"])).toBeUndefined();
    expect(sortParam({ sort: "evil" }, ["cpu"])).toBeUndefined();
    const id = "0199d0c4-7a11-7c3e-8d52-0242ac120002";
    expect(idParam({ site_id: id }, "site_id")).toBe(id);
    expect(idParam({ site_id: "zzz" }, "site_id")).toBeUndefined();
    expect(idParam({ site_id: `${id}/..` }, "site_id")).toBeUndefined();
  });

  it("never lead off this site after sign-in", () => {
    expect(localPath("/fleet?x=1")).toBe("/fleet?x=1");
    expect(localPath("//evil.example")).toBeUndefined();
    expect(localPath("/\\evil.example")).toBeUndefined();
    expect(localPath("https://evil.example")).toBeUndefined();
  });
});
