import { X } from "lucide-react";
import { Button } from "@/components/button";
import { SelectField, TextField } from "@/components/field";
import { SearchField } from "@/components/search-field";
import type { AuditSearch } from "../search";

export function AuditFilters({
  search,
  onChange,
}: {
  search: AuditSearch;
  onChange: (part: Partial<AuditSearch>) => void;
}) {
  const fixed = (
    [
      ["agent_id", "One machine"],
      ["session_id", "One session"],
      ["operation", search.operation ?? ""],
      ["actor", search.actor ?? ""],
    ] as const
  ).filter(([key]) => search[key]);
  return (
    <>
      <SearchField
        value={search.search}
        onChange={(text) => onChange({ search: text })}
        label="Search the audit"
        placeholder="Operation, person, machine, input…"
        className="min-w-48 flex-1 md:max-w-sm"
      />
      <SelectField
        label="Kind"
        hideLabel
        className="h-8 w-auto"
        value={search.kind ?? ""}
        onChange={(event) => onChange({ kind: (event.target.value || undefined) as AuditSearch["kind"] })}
      >
        <option value="">Every kind</option>
        <option value="tunnel">Machines</option>
        <option value="admin">Product</option>
      </SelectField>
      <div className="flex flex-wrap items-center gap-1.5 text-muted text-xs">
        <TextField
          label="From"
          hideLabel
          type="datetime-local"
          className="h-8 w-auto text-xs"
          value={search.from ?? ""}
          onChange={(event) => onChange({ from: event.target.value || undefined })}
        />
        to
        <TextField
          label="To"
          hideLabel
          type="datetime-local"
          className="h-8 w-auto text-xs"
          value={search.to ?? ""}
          onChange={(event) => onChange({ to: event.target.value || undefined })}
        />
      </div>
      {fixed.map(([key, text]) => (
        <Button
          key={key}
          size="small"
          onClick={() => onChange({ [key]: undefined })}
          aria-label={`Only ${text}. Remove`}
        >
          <span className="max-w-40 truncate">{text}</span> <X aria-hidden="true" className="size-3" />
        </Button>
      ))}
    </>
  );
}
