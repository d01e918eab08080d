/** Preferences of this browser. A browser that refuses storage simply forgets them. */
export function readPreference(name: string): string | null {
  try {
    return localStorage.getItem(`gururmm.${name}`);
  } catch {
    return null;
  }
}

export function keepPreference(name: string, value: string): void {
  try {
    localStorage.setItem(`gururmm.${name}`, value);
  } catch {
    return; // private windows may refuse: the choice then lasts until the page is left
  }
}

export function dropPreference(name: string): void {
  try {
    localStorage.removeItem(`gururmm.${name}`);
  } catch {
    return; // nothing was kept there
  }
}
