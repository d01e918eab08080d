import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { agentQuery } from "@/api/queries";
import { SkeletonLines } from "@/components/states";

const TerminalWorkspace = lazy(() => import("../components/terminal-workspace"));
const route = getRouteApi("/app/agents/$agentId/terminal");

export function TerminalTab() {
  const { agentId } = route.useParams();
  const { session } = route.useSearch();
  const { data: agent } = useQuery(agentQuery(agentId));
  if (!agent) return <SkeletonLines lines={6} className="max-w-md" />;
  return (
    <Suspense fallback={<SkeletonLines lines={6} className="max-w-md" />}>
      <TerminalWorkspace key={`${agentId} ${session}`} agentId={agentId} hostname={agent.hostname} wanted={session} />
    </Suspense>
  );
}
