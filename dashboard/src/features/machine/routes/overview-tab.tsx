import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { agentQuery } from "@/api/queries";
import { SkeletonLines } from "@/components/states";
import { DisksCard, InterfacesCard, TemperaturesCard, UsersCard } from "../components/device-tables";
import { MetricCards } from "../components/metric-cards";
import { SystemFacts } from "../components/system-facts";

const Charts = lazy(() => import("../components/charts"));
const route = getRouteApi("/app/agents/$agentId");

export function OverviewTab() {
  const { agentId } = route.useParams();
  const { data: agent } = useQuery(agentQuery(agentId));
  const { hash } = useLocation();
  useEffect(() => {
    if (hash) document.getElementById(hash)?.scrollIntoView({ block: "center" });
  }, [hash]);
  if (!agent) return <SkeletonLines lines={8} className="max-w-xl" />;
  return (
    <div className="space-y-4">
      <MetricCards agent={agent} />
      <div className="grid items-start gap-4 lg:grid-cols-[340px_minmax(0,1fr)]">
        <div className="min-w-0 space-y-4 max-lg:order-last">
          <SystemFacts agent={agent} />
        </div>
        <div className="min-w-0 space-y-4">
          <Suspense fallback={<div className="h-[400px]" />}>
            <Charts agentId={agentId} />
          </Suspense>
          <div className="grid items-start gap-4 xl:grid-cols-2">
            <DisksCard agent={agent} />
            <InterfacesCard agent={agent} />
            <TemperaturesCard agent={agent} />
            <UsersCard agent={agent} />
          </div>
        </div>
      </div>
    </div>
  );
}
