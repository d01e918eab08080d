import { PanelLeft, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useLabel } from "@/api/use-sign-in";
import { Button, IconButton } from "@/components/button";
import { SelectField } from "@/components/field";
import { cn } from "@/lib/cn";
import type { Mistake } from "../api/query-text";
import type { FleetSearch } from "../search";
import { QueryField } from "./query-field";

const STATES: [FleetSearch["status"], string][] = [
  [undefined, "All"],
  ["online", "Online"],
  ["offline", "Offline"],
  ["problem", "Problems"],
];

export function FilterBar({
  search,
  onChange,
  treeOpen,
  onTree,
  columns,
  views,
  place,
  mistake,
}: {
  search: FleetSearch;
  onChange: (part: Partial<FleetSearch>) => void;
  treeOpen: boolean;
  onTree: () => void;
  columns: ReactNode;
  views: ReactNode;
  place?: string;
  mistake: Mistake | null;
}) {
  const label = useLabel();
  const bar = useRef<HTMLDivElement>(null);
  const takeFocus = search.focus === "search";
  useEffect(() => {
    if (!takeFocus) return;
    const input = bar.current?.querySelector<HTMLInputElement>("input[type=search]");
    input?.focus();
    input?.setSelectionRange(input.value.length, input.value.length);
  }, [takeFocus]);
  return (
    <div ref={bar} className="flex flex-wrap items-center gap-2 pb-3">
      <IconButton
        label={treeOpen ? "Hide the tree" : "Show the tree"}
        aria-pressed={treeOpen}
        onClick={onTree}
        className={treeOpen ? "text-accent" : ""}
      >
        <PanelLeft aria-hidden="true" className="size-4" strokeWidth={1.75} />
      </IconButton>
      <QueryField
        value={search.search}
        onChange={(text) => onChange({ search: text })}
        mistake={mistake}
        placeholder={`Name, address, user, ${label("site")}… or os:windows ram:<=8gb`}
        className="min-w-48 flex-1 md:max-w-xl"
      />
      <fieldset className="flex rounded-md border bg-canvas p-0.5 max-md:order-last max-md:w-full">
        <legend className="sr-only">State</legend>
        {STATES.map(([status, label]) => (
          <button
            key={label}
            type="button"
            aria-pressed={search.status === status}
            onClick={() => onChange({ status })}
            className={cn(
              "h-7 rounded px-2.5 text-xs max-md:flex-1 max-md:px-1",
              search.status === status ? "bg-overlay font-medium" : "text-muted hover:text-ink",
            )}
          >
            {label}
          </button>
        ))}
      </fieldset>
      <SelectField
        label="Operating system"
        hideLabel
        className="h-8 w-auto"
        value={search.os ?? ""}
        onChange={(event) => onChange({ os: (event.target.value || undefined) as FleetSearch["os"] })}
      >
        <option value="">Every OS</option>
        <option value="linux">Linux</option>
        <option value="windows">Windows</option>
        <option value="macos">macOS</option>
        <option value="other">Other</option>
      </SelectField>
      {place && (
        <Button
          size="small"
          variant="plain"
          onClick={() => onChange({ client_id: undefined, site_id: undefined })}
          aria-label={`Only ${place}. Remove`}
        >
          <span className="max-w-48 truncate">{place}</span> <X aria-hidden="true" className="size-3" />
        </Button>
      )}
      <div className="ml-auto flex items-center gap-1">
        {views}
        {columns}
      </div>
    </div>
  );
}
