import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const VARIANTS = {
  primary: "bg-accent text-on-accent hover:brightness-110 font-semibold",
  plain: "border bg-raised hover:bg-overlay text-ink",
  quiet: "text-muted hover:text-ink hover:bg-overlay",
  danger: "border border-bad/50 text-bad hover:bg-bad hover:text-on-bad",
  "danger-solid": "bg-bad text-on-bad hover:brightness-110 font-semibold",
} as const;

interface ButtonStyle {
  variant?: keyof typeof VARIANTS;
  size?: "small" | "normal" | "icon";
}

export function buttonClass({ variant = "plain", size = "normal" }: ButtonStyle = {}): string {
  return cn(
    "inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md text-sm transition-colors duration-100",
    "disabled:pointer-events-none disabled:opacity-45 aria-disabled:pointer-events-none aria-disabled:opacity-45",
    size === "small" ? "h-7 px-2 text-xs" : size === "icon" ? "size-8" : "h-8 px-3",
    VARIANTS[variant],
  );
}

export function Button({
  variant,
  size,
  className,
  busy,
  ...props
}: ComponentProps<"button"> & ButtonStyle & { busy?: boolean }) {
  return (
    <button
      type="button"
      {...props}
      disabled={props.disabled || busy}
      aria-busy={busy || undefined}
      className={cn(buttonClass({ variant, size }), busy && "animate-pulse", className)}
    />
  );
}

/** A button that is only a sign; its name is for screen readers and the hover. */
export function IconButton({
  label,
  className,
  ...props
}: ComponentProps<"button"> & ButtonStyle & { label: string; busy?: boolean }) {
  return <Button size="icon" variant="quiet" aria-label={label} title={label} className={className} {...props} />;
}
