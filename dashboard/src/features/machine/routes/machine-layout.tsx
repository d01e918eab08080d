import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet } from "@tanstack/react-router";
import { ApiError } from "@/api/errors";
import { agentQuery } from "@/api/queries";
import { useLabel, useMe } from "@/api/use-sign-in";
import { buttonClass } from "@/components/button";
import { Page, TabBar, TabLink } from "@/components/page";
import { EmptyState, ErrorState, Skeleton } from "@/components/states";
import { useFill, useTabs } from "@/features/collected";
import { cn } from "@/lib/cn";
import { useWatchedAgent } from "../api/use-watched-agent";
import { IdentityNotes } from "../components/identity-notes";
import { MachineActs, MachineHeading } from "../components/machine-header";

const route = getRouteApi("/app/agents/$agentId");

export function MachineLayout() {
  const { agentId } = route.useParams();
  const { partner_name: partner } = useMe();
  const label = useLabel();
  const tabs = useTabs("machine");
  const fill = useFill();
  const agent = useQuery(agentQuery(agentId));
  useWatchedAgent(agentId);
  if (agent.isError && !agent.data) {
    return agent.error instanceof ApiError && agent.error.status === 404 ? (
      <EmptyState
        act={
          <Link to="/fleet" className={buttonClass()}>
            Go to the fleet
          </Link>
        }
      >
        This machine isn't here. It may have been deleted.
      </EmptyState>
    ) : (
      <ErrorState error={agent.error} what="We could not load this machine." onRetry={() => agent.refetch()} />
    );
  }
  const data = agent.data;
  const params = { agentId };
  return (
    <Page
      title={data?.hostname ?? "Machine"}
      fill={fill}
      crumbs={
        data && [
          { label: partner ?? label("partner"), to: "/" },
          { label: data.client_name, to: `/clients/${data.client_id}` },
          { label: data.site_name, to: `/sites/${data.site_id}` },
        ]
      }
      heading={data ? <MachineHeading agent={data} /> : <Skeleton className="h-7 w-64" />}
      acts={data && <MachineActs agent={data} />}
    >
      {data && <IdentityNotes agent={data} />}
      <TabBar label="Machine">
        {tabs.map(({ to, first, label }) => (
          <TabLink key={to} to={to} params={params} exact={first}>
            {label}
          </TabLink>
        ))}
      </TabBar>
      <div className={cn("pt-4", fill && "flex min-h-0 flex-1 flex-col")}>
        <Outlet />
      </div>
    </Page>
  );
}
