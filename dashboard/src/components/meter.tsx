import { cn } from "@/lib/cn";
import { percent } from "@/lib/format";

/** A share of 100 as number and bar; `warn` and `bad` are the percentages from which it changes its colour and sign. */
export function Meter({
  value,
  label,
  warn = 80,
  bad = 90,
  stale = false,
  className,
}: {
  value: number | null | undefined;
  label: string;
  warn?: number;
  bad?: number;
  /** The last reading of a machine that is away: it is said as such, and alarms nobody. */
  stale?: boolean;
  className?: string;
}) {
  if (value === null || value === undefined) {
    return (
      <span className={cn("text-muted", className)} title={`${label}: no reading`}>
        –
      </span>
    );
  }
  const tone = stale ? "bg-muted/60" : value >= bad ? "bg-bad" : value >= warn ? "bg-warn" : "bg-accent/70";
  return (
    <span
      className={cn("flex items-center gap-2", className)}
      title={`${label}: ${percent(value)}${stale ? ", the last reading before it went offline" : ""}`}
    >
      <span className="h-1 min-w-6 flex-1 overflow-hidden rounded-full bg-overlay">
        <span
          className={cn("block h-full rounded-full transition-[width] duration-150", tone)}
          style={{ width: `${Math.min(100, Math.max(0, value))}%` }}
        />
      </span>
      <span
        className={cn(
          "w-10 text-right font-mono text-xs",
          stale ? "text-muted" : value >= bad ? "font-semibold text-bad" : value >= warn ? "text-warn" : "",
        )}
      >
        {Math.round(value)}%
      </span>
    </span>
  );
}
