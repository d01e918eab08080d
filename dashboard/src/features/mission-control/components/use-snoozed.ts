import { useState } from "react";
import { keepPreference, readPreference } from "@/lib/storage";
import { useNow } from "@/lib/use-now";
import { snoozedOf } from "../api/needs";

const NAME = "snoozed";

/** What somebody put off on this browser; it is back by itself when its time has come. */
export function useSnoozed() {
  const now = useNow();
  const [kept, setKept] = useState(() => readPreference(NAME));
  const until = snoozedOf(kept, now);
  const keep = (next: Record<string, number>) => {
    const text = JSON.stringify(next);
    keepPreference(NAME, text);
    setKept(text);
  };
  return {
    isSnoozed: (id: string) => id in until,
    snooze: (id: string, minutes: number) => keep({ ...until, [id]: now + minutes * 60_000 }),
    wake: () => keep({}),
  };
}
