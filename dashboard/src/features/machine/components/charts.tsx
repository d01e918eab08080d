import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { MetricColumn, MetricHistory, Metrics } from "@/api/contract";
import { Button } from "@/components/button";
import { ErrorState, Skeleton } from "@/components/states";
import { cn } from "@/lib/cn";
import { byteRate, percent } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { marksQuery, metricsQuery } from "../api/queries";
import { useSamples } from "../api/use-watched-agent";
import { withSample } from "../api/with-sample";
import { RANGES, type Range } from "../search";
import { type Line, type Mark, TimeChart } from "./time-chart";

const RANGE_WORDS: Record<Range, string> = {
  "1h": "1 h live",
  "6h": "6 h",
  "24h": "24 h",
  "7d": "7 days",
  "30d": "30 days",
  "1y": "1 year",
};
const route = getRouteApi("/app/agents/$agentId/");

interface Plan {
  title: string;
  lines: [MetricColumn, string][];
  format: (value: number) => string;
  max?: number;
  threshold?: number;
  binary?: boolean;
}

const MARKED = new Set(["command.queued", "tunnel.opened", "agent.inventory_changed", "agent.online", "agent.offline"]);
const degrees = (value: number) => `${Math.round(value)} °C`;
const PLANS: Plan[] = [
  { title: "CPU", lines: [["cpu", "CPU"]], format: percent, max: 100 },
  { title: "Memory", lines: [["memory", "Memory"]], format: percent, max: 100, threshold: 95 },
  {
    title: "Network",
    lines: [
      ["receive", "in"],
      ["send", "out"],
    ],
    format: byteRate,
    binary: true,
  },
  {
    title: "Disk traffic",
    lines: [
      ["read", "read"],
      ["write", "write"],
    ],
    format: byteRate,
    binary: true,
  },
  { title: "Fullest disk", lines: [["disk", "Disk"]], format: percent, max: 100, threshold: 90 },
  { title: "Load", lines: [["load", "Load"]], format: (value) => value.toFixed(2) },
  { title: "Hottest sensor", lines: [["temperature", "Temperature"]], format: degrees },
];

export default function Charts({ agentId }: { agentId: string }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const cache = useQueryClient();
  const brushed = search.from !== undefined;
  const range = search.range ?? "1h";
  const query = metricsQuery(agentId, search);
  const metrics = useQuery(query);
  const marks = useMarks(agentId);
  const live = range === "1h" && !brushed;
  const key = JSON.stringify(query.queryKey);
  useSamples(
    agentId,
    useCallback(
      (sample: Metrics) => {
        if (live)
          cache.setQueryData<MetricHistory>(JSON.parse(key), (history) => history && withSample(history, sample));
      },
      [cache, key, live],
    ),
  );
  const zoom = useCallback(
    (from: number, to: number) => navigate({ search: { range, from, to }, resetScroll: false }),
    [navigate, range],
  );
  return (
    <section aria-label="Charts" className="space-y-3">
      <div className="flex flex-wrap items-center gap-2">
        <fieldset className="flex rounded-md border bg-canvas p-0.5">
          <legend className="sr-only">Range</legend>
          {RANGES.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={!brushed && each === range}
              onClick={() => navigate({ search: { range: each }, replace: true, resetScroll: false })}
              className={cn(
                "h-7 rounded px-2 text-xs",
                !brushed && each === range ? "bg-overlay font-medium" : "text-muted hover:text-ink",
              )}
            >
              {RANGE_WORDS[each]}
            </button>
          ))}
        </fieldset>
        {brushed && (
          <Button size="small" onClick={() => navigate({ search: { range }, resetScroll: false })}>
            Leave the zoom
          </Button>
        )}
        <span className="ml-auto hidden text-muted text-xs sm:inline">
          <span className="text-warn">▴</span> something happened · drag over a chart to zoom
        </span>
      </div>
      {metrics.isPending ? (
        <ChartsSkeleton />
      ) : metrics.isError && !metrics.data ? (
        <ErrorState error={metrics.error} what="We could not load the readings." onRetry={() => metrics.refetch()} />
      ) : (
        <ChartGrid history={metrics.data} marks={marks} onZoom={zoom} />
      )}
    </section>
  );
}

/** When commands were run, sessions opened and things changed on a machine, as far as its newest events tell. */
function useMarks(agentId: string): readonly Mark[] {
  const events = useQuery(marksQuery(agentId));
  return useMemo(
    () =>
      (events.data?.items ?? [])
        .filter(({ name }) => MARKED.has(name))
        .map(({ at, text }) => ({ at: new Date(at).getTime() / 1000, text: visibleLine(text) })),
    [events.data],
  );
}

function ChartGrid({
  history,
  marks,
  onZoom,
}: {
  history: MetricHistory;
  marks: readonly Mark[];
  onZoom: (from: number, to: number) => void;
}) {
  const { columns } = history;
  const plans = PLANS.filter(
    (plan) => plan.title === "CPU" || plan.lines.some(([column]) => columns[column]?.some((value) => value !== null)),
  );
  if (columns.at.length === 0) {
    return (
      <p className="rounded-lg border bg-raised px-4 py-8 text-center text-muted text-sm">
        No readings in this stretch of time.
      </p>
    );
  }
  return (
    <div className="grid gap-3 2xl:grid-cols-3 xl:grid-cols-2">
      {plans.map((plan) => (
        <PlannedChart key={plan.title} plan={plan} columns={columns} marks={marks} onZoom={onZoom} />
      ))}
    </div>
  );
}

function PlannedChart({
  plan,
  columns,
  marks,
  onZoom,
}: {
  plan: Plan;
  columns: MetricHistory["columns"];
  marks: readonly Mark[];
  onZoom: (from: number, to: number) => void;
}) {
  const lines = useMemo<Line[]>(
    () => plan.lines.map(([column, name], position) => ({ name, values: columns[column] ?? [], dashed: position > 0 })),
    [plan, columns],
  );
  return (
    <TimeChart
      title={plan.title}
      at={columns.at}
      lines={lines}
      format={plan.format}
      max={plan.max}
      threshold={plan.threshold}
      binary={plan.binary}
      marks={marks}
      onZoom={onZoom}
    />
  );
}

const PLACES = ["a", "b", "c", "d"];

function ChartsSkeleton() {
  return (
    <div className="grid gap-3 xl:grid-cols-2" role="status" aria-label="Loading">
      {PLACES.map((key) => (
        <div key={key} className="h-[180px] rounded-lg border bg-raised p-4">
          <Skeleton className="h-full" />
        </div>
      ))}
    </div>
  );
}
