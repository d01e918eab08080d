import { useEffect } from "react";

const AT_LATEST_MS = 4000;

/** Does something once the page has nothing more urgent to do. */
export function useWhenIdle(act: () => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, whatever the act is called with later
  useEffect(() => {
    if (typeof requestIdleCallback === "undefined") {
      const timer = setTimeout(act, AT_LATEST_MS);
      return () => clearTimeout(timer);
    }
    const asked = requestIdleCallback(act, { timeout: AT_LATEST_MS });
    return () => cancelIdleCallback(asked);
  }, []);
}
