/** Reading of a URL's query: everything in it is a string somebody may have typed. */
export type RawSearch = Record<string, unknown>;

export function parseSearch(text: string): RawSearch {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: RawSearch): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text === "" ? "" : `?${text}`;
}

export function textParam(raw: RawSearch, name: string): string | undefined {
  const value = raw[name];
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value.slice(0, 500) : undefined;
}

/** As many letters as the server searches for. */
export const MOST_SEARCHED = 200;

/** What is searched for; the server takes no more than so much, so more of an address is not read. */
export function searchParam(raw: RawSearch): string | undefined {
  return textParam(raw, "search")?.slice(0, MOST_SEARCHED);
}

export function choiceParam<T extends string>(raw: RawSearch, name: string, choices: readonly T[]): T | undefined {
  const value = raw[name];
  return choices.find((choice) => choice === value);
}

/** One of these names, or one with "-" before it (downwards). */
export function sortParam<T extends string>(raw: RawSearch, names: readonly T[]): T | `-${T}` | undefined {
  const sort = textParam(raw, "sort");
  const name = names.find((each) => each === sort?.replace(/^-/, ""));
  return name && (sort === name ? name : `-${name}`);
}

export function idParam(raw: RawSearch, name: string): string | undefined {
  const value = raw[name];
  return isId(value) ? value : undefined;
}

/** Whether this is an id as the server writes them; nothing else is worth asking it for. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

export function numberParam(raw: RawSearch, name: string): number | undefined {
  const value = Number(raw[name]);
  return raw[name] !== undefined && raw[name] !== "" && Number.isFinite(value) ? value : undefined;
}

/** A path of this site to go on to after sign-in; anything that could leave the site is dropped. */
export function localPath(value: string | undefined): string | undefined {
  return value && /^\/(?![/\\])/.test(value) ? value : undefined;
}
