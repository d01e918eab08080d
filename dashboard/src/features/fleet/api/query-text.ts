import type { AgentFilter, SearchField } from "@/api/contract";
import { ApiError } from "@/api/errors";

/** What may stand in a query where the cursor is: the text from `from` to `to` is replaced by what is chosen. */
export interface Completions {
  from: number;
  to: number;
  choices: Choice[];
}

export interface Choice {
  text: string;
  note: string;
  /** Something belongs behind it: no space is put there. */
  goesOn: boolean;
}

/** A mistake in a query: where it stands, and the sentence for it. */
export interface Mistake {
  start: number;
  end: number;
  message: string;
}

/** As many characters as the server reads of a query. */
export const LONGEST_QUERY = 500;
const MOST_CHOICES = 8;
const WORD = /[^\s()"]*$/;
const FIELD = /^([a-z_]+):(.*)$/i;
const AMOUNT = /^(?:[<>]=?|=)?(?:\d+(?:\.\d+)?\w*\.\.)?\d+(?:\.\d+)?$/;

/** What could be meant by the word before the cursor; without one, all fields. */
export function completionsAt(text: string, cursor: number, fields: readonly SearchField[]): Completions {
  const before = text.slice(0, cursor);
  const word = isInQuotes(before) ? "" : (WORD.exec(before)?.[0] ?? "");
  const range = { from: cursor - word.length, to: cursor };
  if (isInQuotes(before)) return { ...range, choices: [] };
  const [, name, value] = FIELD.exec(word) ?? [];
  if (name === undefined || value === undefined) return { ...range, choices: fieldsFor(word, fields) };
  const field = fields.find((each) => isCalled(each, name));
  return { ...range, choices: field ? valuesFor(field, name, value) : [] };
}

function fieldsFor(word: string, fields: readonly SearchField[]): Choice[] {
  const typed = word.toLowerCase();
  const named = fields.filter(({ name, aliases }) => [name, ...aliases].some((each) => each.startsWith(typed)));
  const choices = named.map(({ name, sentence }) => ({ text: `${name}:`, note: sentence, goesOn: true }));
  return typed === "" ? choices : choices.slice(0, MOST_CHOICES);
}

function valuesFor(field: SearchField, name: string, value: string): Choice[] {
  if (field.values.length > 0) {
    return field.values
      .filter((each) => each.startsWith(value.toLowerCase()) && each !== value)
      .map((each) => ({ text: `${name}:${each}`, note: "", goesOn: false }));
  }
  if (AMOUNT.test(value)) {
    return field.units.map((unit) => ({ text: `${name}:${value}${unit}`, note: "", goesOn: false }));
  }
  if (value !== "") return [];
  const examples = field.examples.map((each) => ({ text: each, note: "for example", goesOn: false }));
  const operators = field.operators.map((each) => ({ text: `${name}:${each}`, note: MEANS[each] ?? "", goesOn: true }));
  return [...examples, ...operators].slice(0, MOST_CHOICES);
}

const MEANS: Record<string, string> = {
  "=": "exactly",
  "<": "less than",
  "<=": "at most",
  ">": "more than",
  ">=": "at least",
};

function isCalled({ name, aliases }: SearchField, said: string): boolean {
  return [name, ...aliases].includes(said.toLowerCase());
}

function isInQuotes(before: string): boolean {
  return before.replaceAll(/\\./g, "").split('"').length % 2 === 0;
}

/** The text with a choice in its place, and where the cursor belongs then. */
export function completed(text: string, { from, to }: Completions, { text: chosen, goesOn }: Choice) {
  const rest = text.slice(to);
  const put = goesOn || rest.startsWith(" ") ? chosen : `${chosen} `;
  return { text: `${text.slice(0, from)}${put}${rest}`, cursor: from + put.length };
}

/** What the server said is wrong with a query; null for every other error. */
export function mistakeIn(query: string, error: unknown): Mistake | null {
  if (!(error instanceof ApiError) || error.code !== "invalid_query") return null;
  const { offset, length } = (error.details ?? {}) as { offset?: unknown; length?: unknown };
  const start = unitsOf(query, Number(offset) || 0);
  return {
    start,
    end: Math.max(start, unitsOf(query, (Number(offset) || 0) + (Number(length) || 0))),
    message: error.message,
  };
}

/** The server counts characters; here those beyond the first 65,536 count twice. */
function unitsOf(text: string, characters: number): number {
  return [...text].slice(0, characters).join("").length;
}

const STATES = { online: "online:true", offline: "online:false", problem: "problem:any" };

/** All that a list is filtered by as one query; `place` has the names of what it is limited to. */
export function wholeQuery({ q, status, os }: AgentFilter, place?: { client: string; site?: string }): string {
  const rest = [
    status && STATES[status],
    os && `os:${os}`,
    place && `client:=${quoted(place.client)}`,
    place?.site && `site:=${quoted(place.site)}`,
  ].filter((part) => part !== undefined);
  const said = q?.trim() ?? "";
  return [rest.length > 0 && /\bor\b/i.test(said) ? `(${said})` : said, ...rest].filter(Boolean).join(" ");
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
