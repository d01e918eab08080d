import { Link } from "@tanstack/react-router";
import { LoaderCircle } from "lucide-react";
import { useCallback, useState } from "react";
import type { EventRow } from "@/api/contract";
import { useLiveMessages } from "@/api/live";
import { MachineText } from "@/components/machine-text";
import { StateDot } from "@/components/state-dot";

interface Arrived {
  id: string;
  hostname: string;
  online: boolean;
}

/** The machines that came to a Site while its page is open, in the order in which they came. */
export function arrivals(before: readonly Arrived[], event: EventRow, siteId: string): readonly Arrived[] {
  if (event.site_id !== siteId || event.agent_id === null) return before;
  const known = before.find(({ id }) => id === event.agent_id);
  if (event.name === "agent.enrolled" && !known)
    return [...before, { id: event.agent_id, hostname: event.hostname ?? "A machine", online: false }];
  const online = event.name === "agent.online" ? true : event.name === "agent.offline" ? false : known?.online;
  if (!known || online === undefined || online === known.online) return before;
  return before.map((each) => (each === known ? { ...each, online } : each));
}

/** Says that the machine on which the command is run will appear here, and then that it did. */
export function WaitingForMachine({ siteId }: { siteId: string }) {
  const [came, setCame] = useState<readonly Arrived[]>([]);
  useLiveMessages(
    "event",
    useCallback(({ item }) => setCame((before) => arrivals(before, item, siteId)), [siteId]),
  );
  return (
    <div role="status" className="space-y-1.5 rounded-md border bg-canvas px-3 py-2 text-sm">
      {came.map(({ id, hostname, online }) => (
        <p key={id} className="flex items-center gap-2">
          <StateDot status={online ? "online" : "offline"} />
          <Link to="/agents/$agentId" params={{ agentId: id }} className="min-w-0 truncate hover:underline">
            <MachineText>{hostname}</MachineText>
          </Link>
          <span className={online ? "text-ok" : "text-muted"}>{online ? "is online" : "was added"}</span>
        </p>
      ))}
      <p className="flex items-center gap-2 text-muted">
        <LoaderCircle aria-hidden="true" className="size-3.5 animate-spin" />
        {came.length === 0 ? "Waiting for this machine…" : "Waiting for more machines…"}
      </p>
    </div>
  );
}
