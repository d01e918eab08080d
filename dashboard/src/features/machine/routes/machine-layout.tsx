import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useLocation } from "@tanstack/react-router";
import { ApiError } from "@/api/errors";
import { useWatchedAgent } from "@/api/live";
import { agentQuery } from "@/api/queries";
import { useMe } from "@/api/use-sign-in";
import { buttonClass } from "@/components/button";
import { Page, TabBar, TabLink } from "@/components/page";
import { EmptyState, ErrorState, Skeleton } from "@/components/states";
import { cn } from "@/lib/cn";
import { MachineActs, MachineHeading } from "../components/machine-header";

const route = getRouteApi("/app/agents/$agentId");
const FILLED = /\/(terminal|processes|software|commands|sessions|history)$/;

export function MachineLayout() {
  const { agentId } = route.useParams();
  const { permissions, partner_name: partner } = useMe();
  const { pathname } = useLocation();
  const agent = useQuery(agentQuery(agentId));
  useWatchedAgent(agentId);
  const can = (permission: string) => permissions.includes(permission);
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
      fill={FILLED.test(pathname)}
      crumbs={
        data && [
          { label: partner ?? "Partner", to: "/" },
          { label: data.client_name, to: `/clients/${data.client_id}` },
          { label: data.site_name, to: `/sites/${data.site_id}` },
        ]
      }
      heading={data ? <MachineHeading agent={data} /> : <Skeleton className="h-7 w-64" />}
      acts={data && <MachineActs agent={data} />}
    >
      <TabBar label="Machine">
        <TabLink to="/agents/$agentId" params={params} exact>
          Overview
        </TabLink>
        {can("tunnel.open") && (
          <TabLink to="/agents/$agentId/terminal" params={params}>
            Terminal
          </TabLink>
        )}
        {can("agents.inspect") && (
          <TabLink to="/agents/$agentId/processes" params={params}>
            Processes
          </TabLink>
        )}
        <TabLink to="/agents/$agentId/storage" params={params}>
          Storage
        </TabLink>
        <TabLink to="/agents/$agentId/software" params={params}>
          Software
        </TabLink>
        {can("commands.read") && (
          <TabLink to="/agents/$agentId/commands" params={params}>
            Commands
          </TabLink>
        )}
        {can("tunnel.read") && (
          <TabLink to="/agents/$agentId/sessions" params={params}>
            Sessions
          </TabLink>
        )}
        <TabLink to="/agents/$agentId/history" params={params}>
          History
        </TabLink>
      </TabBar>
      <div className={cn("pt-4", FILLED.test(pathname) && "flex min-h-0 flex-1 flex-col")}>
        <Outlet />
      </div>
    </Page>
  );
}
