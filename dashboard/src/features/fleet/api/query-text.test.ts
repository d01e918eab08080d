import { describe, expect, it } from "vitest";
import type { SearchField } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { completed, completionsAt, mistakeIn, wholeQuery } from "./query-text";

const field = (part: Partial<SearchField>): SearchField => ({
  name: "os",
  aliases: [],
  kind: "text",
  sentence: "Its operating system.",
  operators: ["="],
  units: [],
  values: [],
  examples: ["os:windows"],
  ...part,
});
const FIELDS = [
  field({}),
  field({ name: "online", kind: "yes_no", values: ["true", "false"], examples: ["online:true"] }),
  field({ name: "ram", kind: "bytes", operators: ["=", "<"], units: ["mb", "gb"], examples: ["ram:<=8gb"] }),
  field({ name: "name", aliases: ["hostname"], examples: ["name:web"] }),
];
const texts = (text: string, cursor = text.length) =>
  completionsAt(text, cursor, FIELDS).choices.map((choice) => choice.text);

describe("completion", () => {
  it("knows fields by the beginning of their names and aliases", () => {
    expect(texts("o")).toEqual(["os:", "online:"]);
    expect(texts("web HOST")).toEqual(["name:"]);
    expect(texts("(ra")).toEqual(["ram:"]);
    expect(texts("x")).toEqual([]);
    expect(texts("")).toEqual(["os:", "online:", "ram:", "name:"]);
  });

  it("knows values, operators and units", () => {
    expect(texts("online:")).toEqual(["online:true", "online:false"]);
    expect(texts("online:F")).toEqual(["online:false"]);
    expect(texts("online:true")).toEqual([]);
    expect(texts("ram:")).toEqual(["ram:<=8gb", "ram:=", "ram:<"]);
    expect(texts("ram:<8")).toEqual(["ram:<8mb", "ram:<8gb"]);
    expect(texts("ram:4gb..8")).toEqual(["ram:4gb..8mb", "ram:4gb..8gb"]);
    expect(texts("hostname:")).toEqual(["name:web", "hostname:="]);
    expect(texts("elephant:")).toEqual([]);
  });

  it("keeps out of quotes", () => {
    expect(texts('os:"o')).toEqual([]);
    expect(texts(String.raw`"a \" o`)).toEqual([]);
    expect(texts('"a" o')).toEqual(["os:", "online:"]);
  });

  it("puts what is chosen where the word stands", () => {
    const found = completionsAt("web o 01", 5, FIELDS);
    expect(completed("web o 01", found, { text: "os:", note: "", goesOn: true })).toEqual({
      text: "web os: 01",
      cursor: 7,
    });
    const value = completionsAt("online:t", 8, FIELDS);
    expect(completed("online:t", value, { text: "online:true", note: "", goesOn: false })).toEqual({
      text: "online:true ",
      cursor: 12,
    });
  });
});

describe("a list's filters", () => {
  it("are a query", () => {
    expect(wholeQuery({})).toBe("");
    expect(wholeQuery({ q: " web ", status: "problem", os: "linux" })).toBe("web problem:any os:linux");
    expect(wholeQuery({ q: "a or b", status: "offline" })).toBe("(a or b) online:false");
    expect(wholeQuery({ q: "a or b" })).toBe("a or b");
    expect(wholeQuery({}, { client: 'The "A" \\ B' })).toBe(String.raw`client:="The \"A\" \\ B"`);
    expect(wholeQuery({}, { client: "A", site: "B" })).toBe('client:="A" site:="B"');
  });
});

describe("a mistake", () => {
  const refused = (offset: number, length: number) =>
    new ApiError(422, { code: "invalid_query", message: "Wrong.", details: { offset, length } });

  it("stands where the server says, in characters", () => {
    expect(mistakeIn("web raam:8gb", refused(4, 4))).toEqual({ start: 4, end: 8, message: "Wrong." });
    expect(mistakeIn("😀 raam:8gb", refused(2, 4))).toEqual({ start: 3, end: 7, message: "Wrong." });
    expect(mistakeIn("a", refused(9, 9))).toEqual({ start: 1, end: 1, message: "Wrong." });
  });

  it("is none of another kind", () => {
    expect(mistakeIn("a", new ApiError(422, { code: "invalid_input" }))).toBeNull();
    expect(mistakeIn("a", new Error("no network"))).toBeNull();
    expect(mistakeIn("a", null)).toBeNull();
  });
});
