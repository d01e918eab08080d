/** Reading of what an agent's inventory says. Every value may be missing, of another type, or an honest "unavailable". */

export interface Unavailable {
  why: string;
  tried: { source: string; result: string }[];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

export function asText(value: unknown): string | null {
  if (typeof value === "string") return value.trim() === "" ? null : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

export function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(asText).filter((text) => text !== null) : [];
}

/** The reason and the sources tried, when a reading could not be had; null when it could. */
export function unavailable(value: unknown): Unavailable | null {
  if (!isObject(value) || !("unavailable" in value)) return null;
  return { why: asText(value.unavailable) ?? "no reading", tried: triedSources(value.tried) };
}

export function triedSources(value: unknown): Unavailable["tried"] {
  if (!Array.isArray(value)) return [];
  return value.map((entry) =>
    isObject(entry)
      ? { source: asText(entry.source) ?? "a source", result: asText(entry.result) ?? "no answer" }
      : { source: asText(entry) ?? "a source", result: "" },
  );
}

/** The entries of a section that are things (mount points, interfaces …), in the order of their names. */
export function entries(section: unknown): [string, Record<string, unknown>][] {
  if (!isObject(section)) return [];
  return Object.entries(section)
    .filter((entry): entry is [string, Record<string, unknown>] => isObject(entry[1]))
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
}
