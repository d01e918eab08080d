import { RotateCcw } from "lucide-react";
import type { Setting } from "@/api/contract";
import { useLabel } from "@/api/use-sign-in";
import { Badge } from "@/components/badge";
import { IconButton } from "@/components/button";
import { SelectField, TextField } from "@/components/field";
import { Time } from "@/components/time";
import { count } from "@/lib/format";

interface RowProps {
  item: Setting;
  /** What is typed; empty: it is inherited. */
  value: string;
  onChange: (value: string) => void;
}

/** One setting: what it does, what holds and where that comes from, and the way back to what is inherited. */
export function SettingRow({ item, value, onChange }: RowProps) {
  const isOwn = item.settable ? value.trim() !== "" : item.own !== null;
  const isKept = isOwn && value === String(item.own);
  return (
    <li className="grid gap-x-6 gap-y-2 px-4 py-3 text-sm md:grid-cols-[minmax(0,1fr)_19rem]">
      <div className="min-w-0 space-y-1">
        <div className="flex flex-wrap items-center gap-2">
          <span className="font-medium">{item.title}</span>
          <SourceBadge source={isOwn ? "here" : item.inherited_from} />
        </div>
        <p className="text-muted text-xs">{item.sentence}</p>
        {isKept && item.changed_by && (
          <p className="text-muted text-xs">
            Set by {item.changed_by}, <Time at={item.changed_at} />
          </p>
        )}
      </div>
      {item.settable ? (
        <div className="flex items-start gap-2">
          <div className="min-w-0 flex-1">
            <Control item={item} value={value} onChange={onChange} />
          </div>
          <IconButton
            label={`Reset ${item.title} to what is inherited`}
            disabled={value === ""}
            onClick={() => onChange("")}
          >
            <RotateCcw aria-hidden="true" className="size-4" />
          </IconButton>
        </div>
      ) : (
        <p className="md:text-right">{worded(item, item.value)}</p>
      )}
    </li>
  );
}

function Control({ item, value, onChange }: RowProps) {
  if (item.kind === "choice")
    return (
      <SelectField
        label={item.title}
        hideLabel
        name={item.key}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">{worded(item, item.inherited)} (inherited)</option>
        {item.choices?.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </SelectField>
    );
  const typed = {
    hideLabel: true,
    name: item.key,
    placeholder: worded(item, item.inherited),
    value,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  if (item.kind === "text") return <TextField label={item.title} maxLength={item.most ?? undefined} {...typed} />;
  return (
    <TextField
      label={`${item.title} (${item.unit})`}
      type="number"
      min={item.least ?? undefined}
      max={item.most ?? undefined}
      hint={`${count(item.least ?? 0)} to ${count(item.most ?? 0)} ${item.unit}`}
      {...typed}
    />
  );
}

function SourceBadge({ source }: { source: Setting["source"] | "here" }) {
  const label = useLabel();
  const words = {
    default: "Default",
    platform: "From the Platform",
    partner: `From the ${label("partner")}`,
    site: `From the ${label("site")}`,
    here: "Set here",
  };
  return <Badge tone={source === "here" ? "info" : "neutral"}>{words[source]}</Badge>;
}

function worded(item: Setting, value: string | number): string {
  return item.kind === "number" ? `${count(Number(value))} ${item.unit}` : String(value);
}
