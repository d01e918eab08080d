import { Link } from "@tanstack/react-router";
import { SquareTerminal } from "lucide-react";
import { useSyncExternalStore } from "react";
import { cn } from "@/lib/cn";
import { visibleLine } from "@/lib/visible-text";
import { onOpenTerminals, openTerminals } from "../api/open-terminals";

/** The shells that go on while another page is looked at, one click away. */
export function OpenTerminals({ collapsed }: { collapsed: boolean }) {
  const terminals = useSyncExternalStore(onOpenTerminals, openTerminals);
  if (terminals.length === 0) return null;
  return (
    <div className="pt-4">
      {!collapsed && <p className="px-2.5 pb-1 text-muted text-xs">Open terminals</p>}
      {terminals.map(({ agentId, hostname }) => (
        <Link
          key={agentId}
          to="/agents/$agentId/terminal"
          params={{ agentId }}
          title={visibleLine(hostname)}
          aria-label={`Shell on ${visibleLine(hostname)}`}
          className={cn(
            "flex h-8 items-center gap-2.5 rounded-md px-2.5 font-mono text-muted text-xs hover:bg-overlay hover:text-ink",
            collapsed && "justify-center px-0",
          )}
          activeProps={{ className: "!bg-overlay !text-ink" }}
        >
          <SquareTerminal aria-hidden="true" className="size-4 shrink-0 text-accent" strokeWidth={1.75} />
          {!collapsed && <span className="truncate">{visibleLine(hostname)}</span>}
        </Link>
      ))}
    </div>
  );
}
