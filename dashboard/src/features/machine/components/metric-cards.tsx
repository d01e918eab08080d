import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AgentDetail } from "@/api/contract";
import { CardRow } from "@/components/card";
import { useTabAddress } from "@/features/collected";
import { cn } from "@/lib/cn";
import { byteRate, bytes, percent } from "@/lib/format";
import { fullestDisk } from "../api/disks";

/** Readings of now; each card opens what the reading is made of. */
export function MetricCards({ agent }: { agent: AgentDetail }) {
  const latest = agent.latest;
  const share =
    latest?.memory_used != null && latest.memory_total
      ? (100 * latest.memory_used) / latest.memory_total
      : agent.memory_percent;
  const found = fullestDisk(latest);
  const fullest = found?.disk;
  const disk = found?.share ?? agent.disk_percent;
  const hottest = [...(latest?.temperatures ?? [])].sort((a, b) => b.celsius - a.celsius)[0];
  const cpu = latest?.cpu_percent ?? agent.cpu_percent;
  const stale = agent.status === "offline";
  return (
    <CardRow title={stale ? "The last readings before it went offline" : undefined}>
      <MetricCard
        id={agent.id}
        stale={stale}
        to="/agents/$agentId/processes"
        search={{ sort: "-cpu" }}
        name="CPU"
        leads="Processes by CPU"
        share={cpu}
      >
        {latest?.load != null && `Load ${latest.load.toFixed(2)}`}
      </MetricCard>
      <MetricCard
        id={agent.id}
        stale={stale}
        to="/agents/$agentId/processes"
        search={{ sort: "-rss" }}
        name="Memory"
        leads="Processes by memory"
        share={share}
        bad={95}
      >
        {latest?.memory_used != null &&
          latest.memory_total != null &&
          `${bytes(latest.memory_used)} of ${bytes(latest.memory_total)}`}
      </MetricCard>
      <MetricCard
        id={agent.id}
        stale={stale}
        to="/agents/$agentId/storage"
        search={fullest ? { path: fullest.mount } : {}}
        name="Fullest disk"
        leads="Drives and folders"
        share={disk}
      >
        {fullest && (
          <>
            <span className="font-mono">{fullest.mount}</span> · {bytes(fullest.free)} free
          </>
        )}
      </MetricCard>
      <MetricCard
        id={agent.id}
        stale={stale}
        to="/agents/$agentId"
        search={{ range: "1h" }}
        hash="network"
        name="Network"
        leads="Network chart"
        text={latest?.receive_rate == null ? null : `↓ ${byteRate(latest.receive_rate)}`}
      >
        {latest?.send_rate != null && `↑ ${byteRate(latest.send_rate)}`}
      </MetricCard>
      <MetricCard
        id={agent.id}
        stale={stale}
        to="/agents/$agentId"
        search={{ range: "1h" }}
        hash="temperatures"
        name="Hottest sensor"
        leads="Temperatures"
        text={hottest ? `${Math.round(hottest.celsius)} °C` : null}
        missing="No sensor answered"
      >
        {hottest?.label}
      </MetricCard>
    </CardRow>
  );
}

function MetricCard(props: {
  id: string;
  to: string;
  search: Record<string, string>;
  hash?: string;
  name: string;
  leads: string;
  share?: number | null;
  text?: string | null;
  bad?: number;
  missing?: string;
  /** The last reading of a machine that is away. */
  stale: boolean;
  children: ReactNode;
}) {
  const { share, bad = 90, text } = props;
  const to = useTabAddress("machine")(props.to);
  const shown = text !== undefined ? text : share == null ? null : percent(share);
  const tone = props.stale
    ? "text-muted"
    : share == null
      ? ""
      : share >= bad
        ? "text-bad"
        : share >= bad - 10
          ? "text-warn"
          : "";
  return (
    <Link
      to={to}
      params={{ agentId: props.id }}
      search={(to === props.to ? props.search : {}) as never}
      hash={props.hash}
      title={to === props.to ? props.leads : undefined}
      activeProps={{}}
      className="flex min-h-[92px] min-w-0 flex-col rounded-lg border bg-raised px-4 py-3 transition-colors duration-100 hover:border-muted/60"
    >
      <span className="text-muted text-xs">{props.name}</span>
      {shown === null ? (
        <span className="mt-1.5 text-muted text-sm">{props.missing ?? "No reading yet"}</span>
      ) : (
        <span className={cn("mt-0.5 truncate font-mono font-semibold text-xl tracking-tight", tone)}>{shown}</span>
      )}
      {share != null && (
        <span className="mt-1.5 block h-1 overflow-hidden rounded-full bg-overlay">
          <span
            className={cn(
              "block h-full rounded-full transition-[width] duration-150",
              props.stale ? "bg-muted/60" : share >= bad ? "bg-bad" : share >= bad - 10 ? "bg-warn" : "bg-accent/70",
            )}
            style={{ width: `${Math.min(100, share)}%` }}
          />
        </span>
      )}
      <span className="mt-auto truncate pt-1.5 text-muted text-xs">
        {props.stale && shown !== null ? "Last reading" : props.children}
      </span>
    </Link>
  );
}
