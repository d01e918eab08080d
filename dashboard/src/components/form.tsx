import {
  createContext,
  type FormEvent,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { ApiError } from "@/api/errors";
import { cn } from "@/lib/cn";
import { ErrorNote } from "./states";
import { isControl, whyInvalid } from "./validity";

interface FormErrors {
  /** What is wrong, by the names of fields. */
  errors: Record<string, string>;
  /** A field says that it is there, and shows its own error; returns how it says that it is gone. */
  claim: (name: string) => () => void;
}

const FormContext = createContext<FormErrors | null>(null);

/** What is wrong with the field of this name, in the form around it. */
export function useFieldError(name: string | undefined): string | undefined {
  const form = useContext(FormContext);
  const claim = form?.claim;
  useEffect(() => (name === undefined ? undefined : claim?.(name)), [claim, name]);
  return name === undefined ? undefined : form?.errors[name];
}

/**
 * The one form of the dashboard. What is wrong with a field, be it seen here or by the server, is said at that field, by
 * its `name` (the server's); what belongs to no field shown, above them. Nothing is sent while a field is wrong.
 */
export function Form({
  error,
  onSubmit,
  children,
  className,
}: {
  error: unknown;
  onSubmit: () => void;
  children: ReactNode;
  className?: string;
}) {
  const form = useRef<HTMLFormElement>(null);
  const [own, setOwn] = useState<Record<string, string>>({});
  const [attempt, setAttempt] = useState(0);
  const [edited, setEdited] = useState<{ error: unknown; names: ReadonlySet<string> }>({ error, names: new Set() });
  const [claimed, setClaimed] = useState<ReadonlyMap<string, number>>(new Map());
  const told = useMemo(() => (error instanceof ApiError ? error.fields : {}), [error]);
  const claim = useCallback((name: string) => {
    const count = (step: number) => setClaimed((before) => new Map(before).set(name, (before.get(name) ?? 0) + step));
    count(1);
    return () => count(-1);
  }, []);
  const errors = useMemo(() => {
    const stale = edited.error === error ? edited.names : new Set();
    const standing = Object.entries(told).filter(([name]) => !stale.has(name));
    return { ...Object.fromEntries(standing), ...own };
  }, [told, own, edited, error]);
  const value = useMemo(() => ({ errors, claim }), [errors, claim]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new answer, or a try that found something, leads there
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error, attempt]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = findings(form.current);
    setOwn(found);
    setAttempt((before) => before + 1);
    if (Object.keys(found).length === 0) onSubmit();
  };
  const edit = (event: FormEvent) => {
    const { target } = event;
    if (!isControl(target) || target.name === "") return;
    const { name } = target;
    if (name in own) setOwn(({ [name]: _, ...rest }) => rest);
    setEdited((before) => ({ error, names: new Set([...(before.error === error ? before.names : []), name]) }));
  };
  const atFields = Object.keys(told).length > 0 && Object.keys(told).every((name) => (claimed.get(name) ?? 0) > 0);
  return (
    <FormContext value={value}>
      <form ref={form} noValidate onSubmit={submit} onInput={edit} className={cn("space-y-4", className)}>
        {!atFields && <ErrorNote error={error} />}
        {children}
      </form>
    </FormContext>
  );
}

function findings(form: HTMLFormElement | null): Record<string, string> {
  const found: Record<string, string> = {};
  for (const element of form?.elements ?? []) {
    if (!isControl(element) || element.name === "" || element.disabled) continue;
    const why = whyInvalid(element);
    if (why !== null) found[element.name] = why;
  }
  return found;
}
