import { cn } from "@/lib/cn";

export function BrandMark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={cn("size-7 shrink-0 text-accent", className)}>
      <circle
        cx="16"
        cy="16"
        r="11.5"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.5"
        strokeDasharray="54 18.3"
        strokeLinecap="round"
      />
      <circle cx="16" cy="16" r="4" fill="currentColor" />
    </svg>
  );
}
