import { useQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { cn } from "@/lib/cn";
import { count } from "@/lib/format";
import { useHotkeys } from "@/lib/hotkeys";
import { useUrlText } from "@/lib/use-url-text";
import { searchFieldsQuery } from "../api/queries";
import { type Choice, completed, completionsAt, LONGEST_QUERY, type Mistake } from "../api/query-text";
import { QueryHelp } from "./query-help";

const NOTE = "absolute top-full left-0 z-20 mt-1 max-w-full rounded-md border bg-overlay text-xs";

/** A query for machines: completed while it is typed, and what is wrong with it said at its place. */
export function QueryField({
  value,
  onChange,
  mistake,
  placeholder,
  className,
}: {
  value: string | undefined;
  onChange: (next: string | undefined) => void;
  /** What the server said of the query that is in the URL. */
  mistake: Mistake | null;
  placeholder: string;
  className?: string;
}) {
  const { text, setText, long } = useUrlText(value, onChange, LONGEST_QUERY);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const [scrolled, setScrolled] = useState(0);
  const completion = useCompletion(text, setText, input);
  const wrong = mistake !== null && text === (value ?? "") ? mistake : null;
  const said = long
    ? `At most ${LONGEST_QUERY} characters can be searched for; these are ${count(text.trim().length)}.`
    : wrong?.message;
  const told = said !== undefined && !completion.open;
  useHotkeys({
    "/": () => {
      input.current?.focus();
      input.current?.select();
    },
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (completion.onKey(event.key)) return event.preventDefault();
    if (event.key !== "Escape") return;
    if (text === "") input.current?.blur();
    setText("");
  };
  return (
    <div className={cn("relative min-w-0", className)}>
      <Search
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 left-2.5 size-3.5 -translate-y-1/2 text-muted"
      />
      <input
        ref={input}
        type="search"
        role="combobox"
        autoComplete="off"
        spellCheck={false}
        aria-label="Search machines"
        aria-expanded={completion.open}
        aria-controls={completion.open ? `${id}-choices` : undefined}
        aria-activedescendant={completion.open && completion.at >= 0 ? `${id}-${completion.at}` : undefined}
        aria-autocomplete="list"
        aria-invalid={said !== undefined || undefined}
        aria-describedby={told ? `${id}-said` : undefined}
        placeholder={placeholder}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          completion.show(event.target.selectionStart ?? event.target.value.length);
        }}
        onKeyDown={onKeyDown}
        onBlur={completion.close}
        onScroll={(event) => setScrolled(event.currentTarget.scrollLeft)}
        className="h-8 w-full rounded-md border bg-canvas pr-14 pl-8 text-sm placeholder:text-muted hover:border-muted/50 aria-[invalid=true]:border-bad [&::-webkit-search-cancel-button]:hidden"
      />
      {wrong && <Underline text={text} mistake={wrong} scrolled={scrolled} />}
      <div className="absolute top-1/2 right-1.5 flex -translate-y-1/2 items-center gap-1">
        {text !== "" && (
          <button
            type="button"
            aria-label="Clear the search"
            onClick={() => setText("")}
            className="rounded p-0.5 text-muted hover:text-ink"
          >
            <X aria-hidden="true" className="size-3.5" />
          </button>
        )}
        <QueryHelp
          onChoose={(example) => {
            setText(text.trim() === "" ? example : `${text.trimEnd()} ${example}`);
            input.current?.focus();
          }}
        />
      </div>
      {told && (
        <p id={`${id}-said`} role="alert" className={cn(NOTE, "border-bad/40 px-2.5 py-1.5 text-bad")}>
          {said}
        </p>
      )}
      {completion.open && <Choices id={id} choices={completion.choices} at={completion.at} onTake={completion.take} />}
    </div>
  );
}

/** What is offered at the cursor, and which of it is marked. */
function useCompletion(
  text: string,
  setText: (text: string) => void,
  input: { readonly current: HTMLInputElement | null },
) {
  const fields = useQuery(searchFieldsQuery).data?.items ?? [];
  const [cursor, setCursor] = useState<number | null>(null);
  const [at, setAt] = useState(-1);
  const found = completionsAt(text, cursor ?? text.length, fields);
  const { choices } = found;
  const open = cursor !== null && cursor <= text.length && choices.length > 0;
  const close = () => {
    setCursor(null);
    setAt(-1);
  };
  const show = (place: number) => {
    setAt(-1);
    // A space ends a word: what may follow is shown when it is asked for, by the arrow down.
    setCursor(place > 0 && !/[\s(]/.test(input.current?.value.charAt(place - 1) ?? " ") ? place : null);
  };
  const take = (choice: Choice) => {
    const next = completed(text, found, choice);
    setText(next.text);
    setAt(-1);
    setCursor(choice.goesOn ? next.cursor : null);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(next.cursor, next.cursor);
    });
  };
  /** Whether the key was meant for what is offered. */
  const onKey = (key: string): boolean => {
    if (!open) {
      if (key !== "ArrowDown") return false;
      setCursor(input.current?.selectionStart ?? text.length);
      return true;
    }
    if (key === "ArrowDown") setAt((at + 1) % choices.length);
    else if (key === "ArrowUp") setAt(at <= 0 ? choices.length - 1 : at - 1);
    else if (key === "Escape") close();
    else if (key === "Enter" || key === "Tab") {
      const chosen = choices[key === "Tab" ? Math.max(0, at) : at];
      if (chosen === undefined) {
        close();
        return false;
      }
      take(chosen);
    } else return false;
    return true;
  };
  return { open, choices, at, show, close, take, onKey };
}

function Choices({
  id,
  choices,
  at,
  onTake,
}: {
  id: string;
  choices: readonly Choice[];
  at: number;
  onTake: (choice: Choice) => void;
}) {
  return (
    <div
      id={`${id}-choices`}
      role="listbox"
      aria-label="What may stand here"
      className={cn(NOTE, "max-h-72 min-w-72 animate-appear overflow-y-auto p-1")}
    >
      {choices.map((choice, index) => (
        // The keyboard is the input's: it stays there.
        <div
          key={choice.text}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === at}
          ref={index === at ? (row) => row?.scrollIntoView({ block: "nearest" }) : undefined}
          onMouseDown={(event) => {
            event.preventDefault();
            onTake(choice);
          }}
          className={cn(
            "flex cursor-pointer items-baseline gap-3 rounded px-2 py-1.5 hover:bg-line",
            index === at && "bg-line",
          )}
        >
          <span className="shrink-0 font-mono">{choice.text}</span>
          <span className="truncate text-muted">{choice.note}</span>
        </div>
      ))}
    </div>
  );
}

/** A wavy line under what is wrong, over the input's own text. */
function Underline({ text, mistake, scrolled }: { text: string; mistake: Mistake; scrolled: number }) {
  const wrong = text.slice(mistake.start, mistake.end) || " ";
  return (
    <div
      aria-hidden="true"
      className="pointer-events-none absolute inset-y-0 right-14 left-8 flex items-center overflow-hidden text-sm"
    >
      <span className="whitespace-pre text-transparent" style={{ transform: `translateX(${-scrolled}px)` }}>
        {text.slice(0, mistake.start)}
        <span className="underline decoration-bad decoration-wavy underline-offset-2">{wrong}</span>
      </span>
    </div>
  );
}
