import { Check, Copy, X } from "lucide-react";
import { useEffect, useState } from "react";
import { cn } from "@/lib/cn";
import { copyText } from "@/lib/copy-text";

const REFUSED = "The browser did not let us copy: select the text and copy it by hand";

export function CopyButton({
  value,
  label = "Copy",
  onCopied,
  className,
}: {
  value: string;
  label?: string;
  onCopied?: () => void;
  className?: string;
}) {
  const [outcome, setOutcome] = useState<"copied" | "refused" | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), outcome === "copied" ? 1500 : 6000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    const there = await copyText(value);
    setOutcome(there ? "copied" : "refused");
    if (there) onCopied?.();
  };
  const said = outcome === "copied" ? "Copied" : outcome === "refused" ? REFUSED : label;
  const Icon = outcome === "copied" ? Check : outcome === "refused" ? X : Copy;
  return (
    <button
      type="button"
      onClick={() => void copy()}
      aria-label={said}
      title={said}
      className={cn(
        "inline-flex size-6 shrink-0 items-center justify-center rounded text-muted hover:bg-overlay hover:text-ink",
        className,
      )}
    >
      <Icon
        aria-hidden="true"
        className={cn("size-3.5", outcome === "copied" && "text-ok", outcome === "refused" && "text-bad")}
      />
      {outcome === "refused" && (
        <span role="alert" className="sr-only">
          {REFUSED}
        </span>
      )}
    </button>
  );
}

/** A line to be pasted elsewhere: install commands, links, codes. */
export function CopyLine({ value, label, onCopied }: { value: string; label: string; onCopied?: () => void }) {
  return (
    <div className="flex items-start gap-1 rounded-md border bg-canvas py-1.5 pr-1.5 pl-3">
      <code className="min-w-0 flex-1 self-center select-all break-all font-mono text-sm">{value}</code>
      <CopyButton value={value} label={label} onCopied={onCopied} />
    </div>
  );
}
