import { Link } from "@tanstack/react-router";
import { useOwnSessions } from "@/api/use-sessions";
import { Time } from "@/components/time";

/** Shells of one's own on this machine that nobody looks at: one may have been left by mistake, in a tab that is gone. */
export function OtherShells({ agentId, sessionId }: { agentId: string; sessionId: string | null }) {
  const { data } = useOwnSessions();
  const left = data?.items.filter(
    (each) => each.agent_id === agentId && each.session_id !== sessionId && each.left_at !== null,
  );
  return left?.map((each) => (
    <p key={each.session_id} className="shrink-0 border-b bg-raised px-4 py-1.5 text-muted text-xs">
      Another shell of yours is open here, left <Time at={each.left_at} />.{" "}
      <Link
        to="/agents/$agentId/terminal"
        params={{ agentId }}
        search={{ session: each.session_id }}
        className="text-accent hover:underline"
      >
        Go back to it
      </Link>
    </p>
  ));
}
