/**
 * Where somebody was on a page they may come back to, by the entry of the browser's history: Back finds it again, and a
 * new visit to the same address begins anew.
 */
const MOST_ENTRIES = 50;
const places = new Map<string, Map<string, unknown>>();

export function placeOf<T>(entry: string, name: string): T | undefined {
  return places.get(entry)?.get(name) as T | undefined;
}

export function keepPlace(entry: string, name: string, value: unknown): void {
  const kept = places.get(entry) ?? new Map<string, unknown>();
  kept.set(name, value);
  places.delete(entry);
  places.set(entry, kept);
  const [oldest] = places.keys();
  if (places.size > MOST_ENTRIES && oldest !== undefined) places.delete(oldest);
}

/** Nothing of one Partner is kept in another, nor of one person for the next. */
export function forgetPlaces(): void {
  places.clear();
}
