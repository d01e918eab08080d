import { cn } from "@/lib/cn";
import { count } from "@/lib/format";
import { ENDINGS, type Ending, type RunSearch } from "../search";

const TONES: Partial<Record<Ending, string>> = { failed: "text-bad", offline: "text-warn", ok: "text-ok" };

/** "21 ok · 3 failed · 1 offline": each shows only those, and again shows all. */
export function ResultChips({
  total,
  counts,
  search,
  onSearch,
}: {
  total: number;
  counts: ReadonlyMap<Ending, number>;
  search: RunSearch;
  onSearch: (next: RunSearch) => void;
}) {
  const chip = (pressed: boolean) =>
    cn(
      "inline-flex h-7 items-center gap-1 rounded-full border px-3 text-xs",
      pressed ? "border-accent bg-overlay font-medium" : "hover:bg-overlay",
    );
  return (
    <div className="flex flex-wrap items-center gap-2 pb-3">
      <fieldset className="contents">
        <legend className="sr-only">Results</legend>
        <button
          type="button"
          aria-pressed={search.show === undefined}
          onClick={() => onSearch({ ...search, show: undefined })}
          className={chip(search.show === undefined)}
        >
          All {count(total)}
        </button>
        {ENDINGS.filter((ending) => counts.has(ending)).map((ending) => (
          <button
            key={ending}
            type="button"
            aria-pressed={search.show === ending}
            onClick={() => onSearch({ ...search, show: search.show === ending ? undefined : ending })}
            className={chip(search.show === ending)}
          >
            <span className={cn("font-mono", TONES[ending])}>{count(counts.get(ending) ?? 0)}</span> {ending}
          </button>
        ))}
      </fieldset>
      <label className="ml-auto inline-flex items-center gap-2 text-muted text-xs">
        <input
          type="checkbox"
          className="size-3.5 accent-accent"
          checked={search.group !== "no"}
          onChange={(event) => onSearch({ ...search, group: event.target.checked ? undefined : "no" })}
        />
        Equal results together
      </label>
    </div>
  );
}
