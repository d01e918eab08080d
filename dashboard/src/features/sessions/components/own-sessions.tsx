import { Link } from "@tanstack/react-router";
import { useOwnSessions } from "@/api/use-sessions";
import { useCan } from "@/api/use-sign-in";
import { buttonClass } from "@/components/button";
import { MachineText } from "@/components/machine-text";
import { Time } from "@/components/time";

/** One's own open sessions, with the way back into each: nobody else can go there. */
export function OwnSessions() {
  return useCan("tunnel.open") && <Sessions />;
}

function Sessions() {
  const { data } = useOwnSessions();
  if (!data || data.items.length === 0) return null;
  return (
    <section aria-label="Your open sessions" className="mb-3 shrink-0 rounded-lg border bg-raised">
      <h2 className="px-4 pt-3 font-semibold text-sm">Your open sessions</h2>
      <ul className="max-h-56 divide-y divide-line/60 overflow-y-auto">
        {data.items.map((session) => (
          <li key={session.session_id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-sm">
            <Link to="/sessions/$sessionId" params={{ sessionId: session.session_id }} className="hover:underline">
              <MachineText>{session.hostname}</MachineText>
            </Link>
            <span className="min-w-0 flex-1 text-muted text-xs">
              {session.left_at ? (
                <>
                  left <Time at={session.left_at} />, ends <Time at={session.ends_at} />
                </>
              ) : (
                "in a window that is open"
              )}
            </span>
            <Link
              to="/agents/$agentId/terminal"
              params={{ agentId: session.agent_id }}
              search={{ session: session.session_id }}
              className={buttonClass({ size: "small" })}
            >
              Back to the shell
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
