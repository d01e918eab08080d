import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Building2 } from "lucide-react";
import type { Overview } from "@/api/contract";
import { useCan, useLabel, useMe } from "@/api/use-sign-in";
import { buttonClass } from "@/components/button";
import { Card } from "@/components/card";
import { Page } from "@/components/page";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { count, counted } from "@/lib/format";
import { overviewQuery } from "../api/queries";
import { ActivityFeed } from "../components/activity-feed";
import { AttentionList } from "../components/attention-list";
import { ContactPage } from "../components/contact-page";
import { SiteGrid } from "../components/site-grid";
import { StatRow, StatRowSkeleton } from "../components/stat-row";

export function MissionControlPage() {
  const overview = useQuery(overviewQuery);
  const { role } = useMe();
  if (role === "client_contact" && !(overview.isError && !overview.data))
    return <ContactPage overview={overview.data} />;
  return (
    <Page title="Mission Control" note={overview.data ? summary(overview.data) : "\u00a0"}>
      {overview.isError && !overview.data ? (
        <ErrorState error={overview.error} what="We could not load the overview." onRetry={() => overview.refetch()} />
      ) : (
        <div className="space-y-4">
          {overview.data ? <StatRow overview={overview.data} /> : <StatRowSkeleton />}
          {overview.data?.agents.total === 0 && <FirstMachine />}
          <div className="grid gap-4 lg:grid-cols-[3fr_2fr]">
            {overview.data ? (
              <AttentionList overview={overview.data} />
            ) : (
              <Card>
                <SkeletonLines lines={7} className="p-4" />
              </Card>
            )}
            <ActivityFeed />
          </div>
          {overview.data && <SiteGrid sites={overview.data.sites} />}
        </div>
      )}
    </Page>
  );
}

/** The answer to "is today a good day?" in one sentence. */
function summary({ agents, problems }: Overview): string {
  if (agents.total === 0) return "No machines yet.";
  const missing =
    agents.offline === 0
      ? "Every machine is online"
      : `${count(agents.online)} of ${counted(agents.total, "machine")} are online`;
  if (problems.total === 0) return `${missing}, and nothing needs you.`;
  return `${missing}; ${problems.total === 1 ? "one needs" : `${count(problems.total)} need`} attention.`;
}

function FirstMachine() {
  const label = useLabel();
  const canAdd = useCan("sites.read");
  return (
    <Card>
      <EmptyState
        icon={Building2}
        act={
          canAdd && (
            <Link to="/clients" className={buttonClass({ variant: "primary" })}>
              Go to {label("client", 2)} & {label("site", 2)}
            </Link>
          )
        }
      >
        Your machines will appear here. Open a {label("site")}, copy its install command and run it on a machine: it is
        here seconds later.
      </EmptyState>
    </Card>
  );
}
