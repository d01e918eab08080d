import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { toast } from "sonner";
import { cn } from "@/lib/cn";

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http pages on another host have no clipboard API; the old way still works there.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("the browser refused");
}

export function CopyButton({
  value,
  label = "Copy",
  className,
}: {
  value: string;
  label?: string;
  className?: string;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () =>
    copyText(value).then(
      () => setCopied(true),
      () => toast.error("The browser did not let us copy. Select the text and copy it by hand."),
    );
  const Icon = copied ? Check : Copy;
  return (
    <button
      type="button"
      onClick={copy}
      aria-label={copied ? "Copied" : label}
      title={copied ? "Copied" : label}
      className={cn(
        "inline-flex size-6 shrink-0 items-center justify-center rounded text-muted hover:bg-overlay hover:text-ink",
        className,
      )}
    >
      <Icon aria-hidden="true" className={cn("size-3.5", copied && "text-ok")} />
    </button>
  );
}

/** A line to be pasted elsewhere: install commands, links, codes. */
export function CopyLine({ value, label }: { value: string; label: string }) {
  return (
    <div className="flex items-start gap-1 rounded-md border bg-canvas py-1.5 pr-1.5 pl-3">
      <code className="min-w-0 flex-1 self-center break-all font-mono text-sm">{value}</code>
      <CopyButton value={value} label={label} />
    </div>
  );
}
