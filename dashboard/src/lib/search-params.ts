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

export function choiceParam<T extends string>(raw: RawSearch, name: string, choices: readonly T[]): T | undefined {
  const value = raw[name];
  return choices.find((choice) => choice === value);
}

export function numberParam(raw: RawSearch, name: string): number | undefined {
  const value = Number(raw[name]);
  return raw[name] !== undefined && raw[name] !== "" && Number.isFinite(value) ? value : undefined;
}

/** A path of this site to go on to after sign-in; anything that could leave the site is dropped. */
export function localPath(value: string | undefined): string | undefined {
  return value && /^\/(?![/\\])/.test(value) ? value : undefined;
}
