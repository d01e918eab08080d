import { Link } from "@tanstack/react-router";
import { CircleCheck, HardDrive, type LucideIcon, MemoryStick, PlugZap } from "lucide-react";
import type { Overview, ProblemKind } from "@/api/contract";
import { Card, CardHeader } from "@/components/card";
import { MachineText } from "@/components/machine-text";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { useTabAddress } from "@/features/collected";
import { visibleLine } from "@/lib/visible-text";

const SIGNS: Record<ProblemKind, { icon: LucideIcon; tone: string; to: string }> = {
  disk_full: { icon: HardDrive, tone: "text-bad", to: "/agents/$agentId/storage" },
  memory_high: { icon: MemoryStick, tone: "text-warn", to: "/agents/$agentId/processes" },
  offline_long: { icon: PlugZap, tone: "text-muted", to: "/agents/$agentId" },
};

/** What needs me now, ranked by the server; each line leads to where it can be looked into. */
export function AttentionList({ overview }: { overview: Overview }) {
  const address = useTabAddress("machine");
  const rest = overview.problems.total - overview.attention.length;
  return (
    <Card className="flex min-w-0 flex-col">
      <CardHeader title="What needs me now">
        {overview.problems.total > 0 && (
          <Link
            to="/fleet"
            search={{ status: "problem" }}
            className="text-muted text-xs hover:text-ink hover:underline"
          >
            {rest > 0 ? `All ${overview.problems.total}` : "In the fleet"}
          </Link>
        )}
      </CardHeader>
      {overview.attention.length === 0 ? (
        <EmptyState icon={CircleCheck}>
          {overview.agents.total === 0
            ? "Machines that need you will be listed here, once there are machines."
            : "Nothing needs you. Full disks, memory that runs out and machines long away will be listed here."}
        </EmptyState>
      ) : (
        <ul className="divide-y divide-line/60">
          {overview.attention.map((entry) => {
            const { icon: Icon, tone, to } = SIGNS[entry.kind] ?? SIGNS.offline_long;
            return (
              <li key={`${entry.agent_id}${entry.kind}`}>
                <Link
                  to={address(to)}
                  params={{ agentId: entry.agent_id }}
                  className="flex items-center gap-3 px-4 py-2.5 hover:bg-overlay/60"
                >
                  <Icon aria-hidden="true" className={`size-4 shrink-0 ${tone}`} strokeWidth={1.75} />
                  <span className="min-w-0 flex-1">
                    <span className="flex min-w-0 items-baseline gap-2">
                      <MachineText className="truncate text-sm">{entry.hostname}</MachineText>
                      <span className="hidden shrink-0 truncate text-muted text-xs sm:inline">
                        {entry.client_name} › {entry.site_name}
                      </span>
                    </span>
                    <span className="block truncate text-muted text-xs">{visibleLine(entry.text)}</span>
                  </span>
                  {entry.since && <Time at={entry.since} className="shrink-0 text-muted text-xs" />}
                </Link>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
