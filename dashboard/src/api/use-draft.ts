import { useCallback, useState } from "react";
import { dropDraft, keepDraft, readDraft } from "@/lib/drafts";
import { useMe } from "./use-sign-in";

type Values = Record<string, string>;

interface Draft<T extends Values> {
  values: T;
  /** Takes what was typed, and keeps it. */
  change: (part: Partial<T>) => void;
  /** It was sent, or is not wanted any more: the form is as it was at first. */
  drop: () => void;
  /** Whether the form began with what somebody had typed before. */
  restored: boolean;
}

/**
 * The values of a form's fields, kept under its name while they differ from `initial`: closing the form, by whatever
 * way, loses nothing. Never for passwords. Each person has their own, in each Partner.
 */
export function useDraft<T extends Values>(form: string, initial: T): Draft<T> {
  const { user_id: user, tenant_id: tenant } = useMe();
  const name = [user, tenant ?? "", form].join(" ");
  const [first] = useState(initial);
  const [before] = useState(() => restoredFrom(readDraft(name), first));
  const [values, setValues] = useState<T>({ ...first, ...before });
  const [restored, setRestored] = useState(before !== null);
  const change = useCallback(
    (part: Partial<T>) =>
      setValues((old) => {
        const next = { ...old, ...part };
        if (Object.keys(first).every((key) => next[key] === first[key])) dropDraft(name);
        else keepDraft(name, JSON.stringify(next));
        return next;
      }),
    [name, first],
  );
  const drop = useCallback(() => {
    dropDraft(name);
    setValues(first);
    setRestored(false);
  }, [name, first]);
  return { values, change, drop, restored };
}

/** The values of a kept draft that this form still has; null when there are none, or nothing differs. */
function restoredFrom<T extends Values>(text: string | null, initial: T): Partial<T> | null {
  if (text === null) return null;
  try {
    const found = Object.entries(JSON.parse(text) as object).filter(
      ([key, value]) => key in initial && typeof value === "string",
    );
    const differs = found.some(([key, value]) => initial[key] !== value);
    return differs ? (Object.fromEntries(found) as Partial<T>) : null;
  } catch {
    return null;
  }
}
