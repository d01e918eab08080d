import { useSyncExternalStore } from "react";

/** One clock for every relative time on the page: it moves every 10 s, and goes by the server's time. */
const listeners = new Set<() => void>();
const TICK_MS = 10_000;
/** Less than this is the message's own way, not a wrong clock. */
const NOTABLE_SKEW_MS = 3000;
let skew = 0;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

/** Milliseconds since the epoch on the server's clock. */
export function serverNow(): number {
  return Date.now() + skew;
}

function tick(): void {
  now = serverNow();
  for (const each of listeners) each();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    timer = setInterval(tick, TICK_MS);
    now = serverNow(); // nobody moved it while nobody looked
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The server says what time it is; a browser whose clock is wrong shows its moments right all the same. */
export function alignClock(serverTime: string): void {
  const off = new Date(serverTime).getTime() - Date.now();
  skew = Math.abs(off) > NOTABLE_SKEW_MS ? off : 0;
  tick();
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
