import { Link } from "@tanstack/react-router";
import { SquareTerminal } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useOwnSessions } from "@/api/use-sessions";
import { useCan, useMe } from "@/api/use-sign-in";
import { Time } from "@/components/time";
import { cn } from "@/lib/cn";
import { visibleLine } from "@/lib/visible-text";
import { onOpenTerminals, openTerminals } from "../api/open-terminals";

interface Shell {
  key: string;
  agentId: string;
  hostname: string;
  /** A session that is not this tab's. */
  elsewhere?: { sessionId: string; leftAt: string | null };
}

/** The shells that go on while another page is looked at, one click away: this tab's, and one's own of other tabs. */
export function OpenTerminals({ collapsed }: { collapsed: boolean }) {
  const { tenant_id } = useMe(); // outside of a Partner there are no machines
  return useCan("tunnel.open") && tenant_id !== null && <Shells collapsed={collapsed} />;
}

function Shells({ collapsed }: { collapsed: boolean }) {
  const here = useSyncExternalStore(onOpenTerminals, openTerminals);
  const { data: own } = useOwnSessions();
  const ours = new Set(here.map(({ sessionId }) => sessionId));
  const shells: Shell[] = [
    ...here.map(({ agentId, hostname }) => ({ key: agentId, agentId, hostname })),
    ...(own?.items ?? [])
      .filter(({ session_id }) => !ours.has(session_id))
      .map(({ session_id: sessionId, agent_id: agentId, hostname, left_at: leftAt }) => ({
        key: sessionId,
        agentId,
        hostname,
        elsewhere: { sessionId, leftAt },
      })),
  ];
  if (shells.length === 0) return null;
  return (
    <div className="pt-4">
      {!collapsed && <p className="px-2.5 pb-1 text-muted text-xs">Open terminals</p>}
      {shells.map(({ key, agentId, hostname, elsewhere }) => (
        <Link
          key={key}
          to="/agents/$agentId/terminal"
          params={{ agentId }}
          search={elsewhere ? { session: elsewhere.sessionId } : {}}
          title={visibleLine(hostname)}
          aria-label={collapsed ? `Shell on ${visibleLine(hostname)}` : undefined}
          className={cn(
            "flex min-h-8 items-center gap-2.5 rounded-md px-2.5 py-1 font-mono text-muted text-xs hover:bg-overlay hover:text-ink",
            collapsed && "justify-center px-0",
          )}
          activeOptions={{ includeSearch: elsewhere !== undefined }}
          activeProps={{ className: "!bg-overlay !text-ink" }}
        >
          <SquareTerminal
            aria-hidden="true"
            className={cn("size-4 shrink-0", !elsewhere && "text-accent")}
            strokeWidth={1.75}
          />
          {!collapsed && (
            <span className="min-w-0">
              <span className="block truncate">{visibleLine(hostname)}</span>
              {elsewhere && (
                <span className="block truncate font-sans">
                  {elsewhere.leftAt ? (
                    <>
                      left <Time at={elsewhere.leftAt} />
                    </>
                  ) : (
                    "in another window"
                  )}
                </span>
              )}
            </span>
          )}
        </Link>
      ))}
    </div>
  );
}
