/** What was pressed before the dashboard was there; `public/first.js` keeps it. */
export interface EarlyKeys {
  /** The palette was asked for. */
  asked: boolean;
  text: string;
  enter: boolean;
}

declare global {
  interface Window {
    takeEarlyKeys?: () => EarlyKeys;
  }
}

/** From now on keys are the page's own. */
export function takeEarlyKeys(): EarlyKeys {
  const early = window.takeEarlyKeys?.() ?? { asked: false, text: "", enter: false };
  window.takeEarlyKeys = undefined;
  return early;
}
