import type { Overview, ProblemKind } from "@/api/contract";
import { useCan } from "@/api/use-sign-in";
import { CardRow } from "@/components/card";
import { Skeleton } from "@/components/states";
import { count, words } from "@/lib/format";
import { Sparkline } from "./sparkline";
import { StatCard, SubLink } from "./stat-card";

const PROBLEM_WORDS: Record<ProblemKind, string> = {
  cloned: "copied",
  disk_full: "disk full",
  disk_read_only: "disk read-only",
  disk_not_answering: "disk not answering",
  memory_high: "memory high",
  offline_long: "long offline",
  clock_wrong: "clock wrong",
  state_not_kept: "agent can't write",
  reading_failed: "reading failed",
};

export function StatRow({ overview }: { overview: Overview }) {
  const seesCommands = useCan("commands.read");
  const seesSessions = useCan("tunnel.read");
  const { agents, problems, commands, sessions } = overview;
  const kinds = Object.entries(problems.by_kind).filter(([, value]) => value > 0);
  return (
    <CardRow>
      <StatCard
        label="Machines online"
        value={agents.online}
        of={agents.total}
        link={{ to: "/fleet", search: { status: "online" } }}
      >
        {overview.online_history.length > 1 ? (
          <Sparkline
            values={overview.online_history.map((point) => point.online)}
            label="Machines online in the last 24 hours"
          />
        ) : (
          "Its curve over 24 hours grows here"
        )}
      </StatCard>
      <StatCard
        label="Machines offline"
        value={agents.offline}
        link={{ to: "/fleet", search: { status: "offline", sort: "-last_seen" } }}
      >
        <SubLink to="/fleet" search={{}}>
          {agents.total === 1 ? "The machine" : `All ${count(agents.total)} machines`}
        </SubLink>
      </StatCard>
      <StatCard
        label="Machines with a problem"
        value={problems.total}
        tone="bad"
        link={{ to: "/fleet", search: { status: "problem" } }}
      >
        {kinds.length === 0
          ? "Nothing is wrong"
          : kinds
              .map(
                ([kind, value]) => `${count(value)} ${PROBLEM_WORDS[kind as ProblemKind] ?? words(kind).toLowerCase()}`,
              )
              .join(" · ")}
      </StatCard>
      {seesCommands && (
        <StatCard
          label="Commands running"
          value={commands.running}
          link={{ to: "/commands", search: { state: "active" } }}
        >
          <span className="flex flex-wrap gap-x-2">
            <SubLink to="/commands" search={{ status: "queued" }}>
              {count(commands.queued)} queued
            </SubLink>
            <SubLink to="/commands" search={{ status: "failed" }}>
              <span className={commands.failed_24h > 0 ? "text-bad" : ""}>
                {count(commands.failed_24h)} failed in 24 h
              </span>
            </SubLink>
          </span>
        </StatCard>
      )}
      {seesSessions && (
        <StatCard label="Sessions open" value={sessions.open} link={{ to: "/sessions", search: { status: "open" } }}>
          <SubLink to="/sessions" search={{}}>
            All sessions
          </SubLink>
        </StatCard>
      )}
    </CardRow>
  );
}

const CARDS = ["a", "b", "c", "d", "e"];

export function StatRowSkeleton() {
  return (
    <CardRow role="status" aria-label="Loading">
      {CARDS.map((key) => (
        <div key={key} className="min-h-[112px] space-y-3 rounded-lg border bg-raised p-4">
          <Skeleton className="h-3 w-24" />
          <Skeleton className="h-7 w-16" />
          <Skeleton className="h-3 w-full" />
        </div>
      ))}
    </CardRow>
  );
}
