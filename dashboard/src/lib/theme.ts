import { useSyncExternalStore } from "react";
import { dropPreference, keepPreference, readPreference } from "./storage";

export type Theme = "dark" | "light";
/** What somebody can choose: one of the two, or that of their system, whichever it is in. */
export type ThemeChoice = Theme | "system";

function subscribe(listener: () => void): () => void {
  window.addEventListener("gururmm-theme", listener);
  return () => window.removeEventListener("gururmm-theme", listener);
}

function currentTheme(): Theme {
  return document.documentElement.dataset.theme === "light" ? "light" : "dark";
}

function currentChoice(): ThemeChoice {
  const kept = readPreference("theme");
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** `public/first.js` makes it so, as it does before the first paint and whenever the system changes. */
export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") dropPreference("theme");
  else keepPreference("theme", choice);
  window.dispatchEvent(new Event("gururmm-theme-chosen"));
}

/** The theme that is shown now. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, currentChoice);
}

/** The value of a colour token now, for what is drawn on a canvas. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
