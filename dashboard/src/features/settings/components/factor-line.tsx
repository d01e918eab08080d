import type { ReactNode } from "react";
import type { OwnFactors } from "@/api/contract";
import { Badge } from "@/components/badge";
import { cn } from "@/lib/cn";

export interface LineProps {
  factors: OwnFactors;
  /** Recovery codes were made: they are shown once. */
  onCodes: (codes: string[]) => void;
}

/** One factor, with what can be done about it. */
export function FactorLine({
  title,
  text,
  on,
  warn = false,
  children,
}: {
  title: string;
  text: ReactNode;
  on?: boolean;
  warn?: boolean;
  children?: ReactNode;
}) {
  return (
    <li className="flex items-center gap-3 px-4 py-3 text-sm">
      <span className="min-w-0 flex-1">
        <span className="flex items-center gap-2 break-words">
          {title}
          {on && <Badge tone="ok">On</Badge>}
        </span>
        <span className={cn("block text-xs", warn ? "text-warn" : "text-muted")}>{text}</span>
      </span>
      {children}
    </li>
  );
}
