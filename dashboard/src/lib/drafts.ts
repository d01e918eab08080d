/**
 * What was typed into forms and not sent yet: it outlives the form's closing and a reload of the page, for as long as
 * the tab is open. A browser that refuses storage keeps it until the page is left.
 */
const PREFIX = "gururmm.draft.";
const kept = new Map<string, string>();

export function readDraft(name: string): string | null {
  const held = kept.get(name);
  if (held !== undefined) return held;
  try {
    return sessionStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function keepDraft(name: string, value: string): void {
  kept.set(name, value);
  try {
    sessionStorage.setItem(PREFIX + name, value);
  } catch {
    return; // too large for the store, or there is none: the page itself still has it
  }
}

export function dropDraft(name: string): void {
  kept.delete(name);
  try {
    sessionStorage.removeItem(PREFIX + name);
  } catch {
    return; // nothing was kept there either
  }
}

/** Nothing stays of anybody's drafts: they signed out. */
export function dropDrafts(): void {
  kept.clear();
  try {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
  } catch {
    return; // nothing was kept there
  }
}
