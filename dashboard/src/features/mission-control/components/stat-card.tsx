import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";
import { count } from "@/lib/format";

interface StatLink {
  to: "/fleet" | "/commands" | "/sessions";
  search: Record<string, string>;
}

/** A number and what it counts, one click from the machines behind it. */
export function StatCard({
  label,
  value,
  of,
  tone,
  link,
  children,
}: {
  label: string;
  value: number;
  of?: number;
  tone?: "bad" | "warn";
  link: StatLink;
  children?: ReactNode;
}) {
  return (
    <div className="relative flex min-h-[112px] flex-col rounded-lg border bg-raised p-4 transition-colors duration-100 focus-within:border-muted/60 hover:border-muted/60">
      <Link
        to={link.to}
        search={link.search as never}
        className="after:absolute after:inset-0 after:rounded-lg focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-accent"
      >
        <span className="block text-muted text-xs">{label}</span>
        <span className="mt-1 flex items-baseline gap-1.5">
          <span
            className={cn(
              "font-semibold font-mono text-2xl tracking-tight",
              tone === "bad" && value > 0 && "text-bad",
              tone === "warn" && value > 0 && "text-warn",
            )}
          >
            {count(value)}
          </span>
          {of !== undefined && <span className="font-mono text-muted text-sm">/ {count(of)}</span>}
        </span>
      </Link>
      <div className="mt-auto pt-2 text-muted text-xs">{children}</div>
    </div>
  );
}

/** A smaller number inside a card, with a way of its own; above the card's own link. */
export function SubLink({ to, search, children }: StatLink & { children: ReactNode }) {
  return (
    <Link to={to} search={search as never} className="relative z-10 hover:text-ink hover:underline">
      {children}
    </Link>
  );
}
