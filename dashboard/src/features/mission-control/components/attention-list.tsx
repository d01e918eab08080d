import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import {
  AlarmClockOff,
  CircleCheck,
  CircleX,
  ClockAlert,
  Copy,
  HardDrive,
  type LucideIcon,
  MemoryStick,
  PlugZap,
  Save,
  TriangleAlert,
  Unplug,
} from "lucide-react";
import type { ReactNode } from "react";
import type { FailedRun, Overview } from "@/api/contract";
import { useCan, useLabel } from "@/api/use-sign-in";
import { buttonClass, IconButton } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { useOpenDialog } from "@/components/dialog-host";
import { MachineText } from "@/components/machine-text";
import { Menu } from "@/components/menu";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { useMachineActs, useTabAddress } from "@/features/collected";
import { count, counted } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { type Need, needsOf } from "../api/needs";
import { failedRunsQuery } from "../api/queries";
import { useSnoozed } from "./use-snoozed";

const SIGNS: Record<string, { icon: LucideIcon; tone: string; to: string }> = {
  cloned: { icon: Copy, tone: "text-bad", to: "/agents/$agentId" },
  disk_full: { icon: HardDrive, tone: "text-bad", to: "/agents/$agentId/storage" },
  disk_read_only: { icon: HardDrive, tone: "text-bad", to: "/agents/$agentId/storage" },
  disk_not_answering: { icon: HardDrive, tone: "text-bad", to: "/agents/$agentId/storage" },
  memory_high: { icon: MemoryStick, tone: "text-warn", to: "/agents/$agentId/processes" },
  offline_long: { icon: PlugZap, tone: "text-muted", to: "/agents/$agentId" },
  clock_wrong: { icon: ClockAlert, tone: "text-warn", to: "/agents/$agentId" },
  state_not_kept: { icon: Save, tone: "text-warn", to: "/agents/$agentId/storage" },
  reading_failed: { icon: TriangleAlert, tone: "text-warn", to: "/agents/$agentId" },
};
const OTHER = { icon: TriangleAlert, tone: "text-warn", to: "/agents/$agentId" };
const SHOWN = 12;
const SNOOZES: [string, number][] = [
  ["Snooze for 1 hour", 60],
  ["Snooze for 8 hours", 8 * 60],
  ["Snooze for 3 days", 3 * 24 * 60],
];

/** What needs me now: outages first; each line leads to the cause, and has the acts that end the matter. */
export function AttentionList({ overview }: { overview: Overview }) {
  const seesCommands = useCan("commands.read");
  const runs = useQuery({ ...failedRunsQuery, enabled: seesCommands });
  const { isSnoozed, snooze, wake } = useSnoozed();
  const all = needsOf(overview, runs.data?.items ?? []);
  const needs = all.filter(({ id }) => !isSnoozed(id));
  const asleep = all.length - needs.length;
  const { total } = overview.problems;
  return (
    <Card className="flex min-w-0 flex-col">
      <CardHeader title="What needs me now">
        {asleep > 0 && (
          <button type="button" onClick={wake} className="text-muted text-xs hover:text-ink hover:underline">
            {count(asleep)} snoozed: show
          </button>
        )}
        {total > 0 && (
          <Link
            to="/fleet"
            search={{ status: "problem" }}
            className="text-muted text-xs hover:text-ink hover:underline"
          >
            {total > overview.attention.length ? `All ${count(total)}` : "In the fleet"}
          </Link>
        )}
      </CardHeader>
      {needs.length === 0 ? (
        <EmptyState icon={CircleCheck}>
          {overview.agents.total === 0
            ? "Machines that need you will be listed here, once there are machines."
            : "Nothing needs you. Outages, full disks, memory that runs out, failed runs and machines long away will be listed here."}
        </EmptyState>
      ) : (
        <ul className="divide-y divide-line/60" aria-label="What needs me now">
          {needs.slice(0, SHOWN).map((need) => (
            <li key={need.id} className="group flex items-center gap-2 pr-3 hover:bg-overlay/60">
              <NeedLine need={need} />
              <Menu
                items={SNOOZES.map(([label, minutes]) => ({ label, onSelect: () => snooze(need.id, minutes) }))}
                trigger={
                  <IconButton label="Snooze" className="size-7">
                    <AlarmClockOff aria-hidden="true" className="size-3.5" />
                  </IconButton>
                }
              />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function NeedLine({ need }: { need: Need }) {
  if (need.kind === "outage") return <Outage site={need.site} />;
  return need.kind === "run" ? <Run run={need.run} /> : <Machine entry={need.entry} />;
}

const LINE = "flex min-w-0 flex-1 items-center gap-3 py-2.5 pl-4";

function Outage({ site }: { site: Overview["sites"][number] }) {
  const label = useLabel();
  return (
    <Link to="/fleet" search={{ site_id: site.id, status: "offline" }} className={LINE}>
      <Sign icon={Unplug} tone="text-bad" />
      <Words
        head={
          <span className="truncate font-medium text-bad text-sm">
            {site.online === 0 ? "Outage" : "Partial outage"}: {site.client_name} › {site.name}
          </span>
        }
        text={`${count(site.online)} of ${counted(site.total, "machine")} of this ${label("site")} online.`}
        since={site.offline_since}
      />
    </Link>
  );
}

function Run({ run }: { run: FailedRun }) {
  const title = visibleLine(run.script.split("\n").find((line) => line.trim() !== "" && !line.startsWith("#!")) ?? "");
  const body = (
    <>
      <Sign icon={CircleX} tone="text-bad" />
      <Words
        head={<span className="truncate font-mono text-sm">{title || "A script"}</span>}
        text={
          run.total === 1
            ? `Failed on ${visibleLine(run.hostname)}.`
            : `Failed on ${count(run.failed)} of ${counted(run.total, "machine")}.`
        }
        since={run.at}
      />
    </>
  );
  return run.total === 1 ? (
    <Link to="/commands/$commandId" params={{ commandId: run.command_id }} className={LINE}>
      {body}
    </Link>
  ) : (
    <Link to="/commands/batch/$batchId" params={{ batchId: run.batch_id }} search={{ show: "failed" }} className={LINE}>
      {body}
    </Link>
  );
}

function Machine({ entry }: { entry: Overview["attention"][number] }) {
  const address = useTabAddress("machine");
  const navigate = useNavigate();
  const open = useOpenDialog();
  const { ways, acts } = useMachineActs();
  const { icon, tone, to } = SIGNS[entry.kind] ?? OTHER;
  const machine = { id: entry.agent_id, hostname: entry.hostname };
  return (
    <>
      <Link to={address(to)} params={{ agentId: entry.agent_id }} className={LINE}>
        <Sign icon={icon} tone={tone} />
        <Words
          head={
            <>
              <MachineText className="truncate text-sm">{entry.hostname}</MachineText>
              <span className="hidden shrink-0 truncate text-muted text-xs sm:inline">
                {entry.client_name} › {entry.site_name}
              </span>
            </>
          }
          text={visibleLine(entry.text)}
          since={entry.since}
        />
      </Link>
      {entry.online &&
        ways.map(({ to: way, label, name, icon: Icon }) => (
          <button
            key={way}
            type="button"
            aria-label={`${name} on ${visibleLine(entry.hostname)}`}
            title={label}
            onClick={() => navigate({ to: way, params: { agentId: entry.agent_id } })}
            className={buttonClass({ variant: "quiet", size: "small" })}
          >
            <Icon aria-hidden="true" className="size-3.5" /> <span className="max-xl:hidden">{label}</span>
          </button>
        ))}
      {acts.map(({ label, icon: Icon, start }) => (
        <button
          key={label}
          type="button"
          aria-label={`${label} on ${visibleLine(entry.hostname)}`}
          title={label}
          onClick={() => start({ kind: "agents", agents: [machine] }, open)}
          className={buttonClass({ variant: "quiet", size: "small" })}
        >
          <Icon aria-hidden="true" className="size-3.5" /> <span className="max-xl:hidden">{label}</span>
        </button>
      ))}
    </>
  );
}

function Sign({ icon: Icon, tone }: { icon: LucideIcon; tone: string }) {
  return <Icon aria-hidden="true" className={`size-4 shrink-0 ${tone}`} strokeWidth={1.75} />;
}

/** What is the matter and since when; on a phone the moment stands below, and nothing is cut off. */
function Words({ head, text, since }: { head: ReactNode; text: string; since: string | null }) {
  return (
    <span className="flex min-w-0 flex-1 items-center gap-3 max-sm:flex-col max-sm:items-stretch max-sm:gap-0">
      <span className="min-w-0 flex-1">
        <span className="flex min-w-0 items-baseline gap-2">{head}</span>
        <span className="block truncate text-muted text-xs max-sm:whitespace-normal">{text}</span>
      </span>
      {since && <Time at={since} className="shrink-0 text-muted text-xs" />}
    </span>
  );
}
