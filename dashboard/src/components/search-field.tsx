import { Search, X } from "lucide-react";
import { useId, useRef } from "react";
import { cn } from "@/lib/cn";
import { count } from "@/lib/format";
import { useHotkeys } from "@/lib/hotkeys";
import { MOST_SEARCHED } from "@/lib/search-params";
import { useUrlText } from "@/lib/use-url-text";

/** A search that lives in the URL: it follows the URL, and changes it when the typing pauses. `/` puts the cursor in it. */
export function SearchField({
  value,
  onChange,
  label,
  placeholder,
  className,
}: {
  value: string | undefined;
  onChange: (next: string | undefined) => void;
  label: string;
  placeholder?: string;
  className?: string;
}) {
  const { text, setText, long } = useUrlText(value, onChange, MOST_SEARCHED);
  const input = useRef<HTMLInputElement>(null);
  const note = useId();
  useHotkeys({
    "/": () => {
      input.current?.focus();
      input.current?.select();
    },
  });
  return (
    <div className={cn("relative min-w-0", className)}>
      {long && (
        <p
          id={note}
          role="alert"
          className="absolute top-full left-0 z-20 mt-1 rounded-md border border-bad/40 bg-overlay px-2.5 py-1.5 text-bad text-xs"
        >
          At most {MOST_SEARCHED} characters can be searched for; these are {count(text.trim().length)}.
        </p>
      )}
      <Search
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 left-2.5 size-3.5 -translate-y-1/2 text-muted"
      />
      <input
        ref={input}
        type="search"
        aria-invalid={long || undefined}
        aria-describedby={long ? note : undefined}
        aria-label={label}
        placeholder={placeholder ?? label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (text === "") input.current?.blur();
          setText("");
        }}
        className="h-8 w-full rounded-md border bg-canvas aria-[invalid=true]:border-bad pr-8 pl-8 text-sm placeholder:text-muted hover:border-muted/50 [&::-webkit-search-cancel-button]:hidden"
      />
      {text !== "" ? (
        <button
          type="button"
          aria-label="Clear the search"
          onClick={() => setText("")}
          className="absolute top-1/2 right-2 -translate-y-1/2 rounded text-muted hover:text-ink"
        >
          <X aria-hidden="true" className="size-3.5" />
        </button>
      ) : (
        <kbd
          aria-hidden="true"
          className="absolute top-1/2 right-2 hidden -translate-y-1/2 rounded border px-1 font-mono text-xs text-muted md:block"
        >
          /
        </kbd>
      )}
    </div>
  );
}
