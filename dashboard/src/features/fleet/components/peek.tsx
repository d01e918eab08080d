import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { agentQuery } from "@/api/queries";
import { buttonClass, IconButton } from "@/components/button";
import { MachineText } from "@/components/machine-text";
import { Meter } from "@/components/meter";
import { StateWord } from "@/components/state-dot";
import { ErrorState, SkeletonLines } from "@/components/states";
import { Time } from "@/components/time";
import { useMachineActs } from "@/features/collected";
import { duration, words } from "@/lib/format";

/** One machine at the side of the list, so that the list is not left. */
export function Peek({ agentId, onClose }: { agentId: string; onClose: () => void }) {
  const agent = useQuery(agentQuery(agentId));
  const { ways } = useMachineActs();
  return (
    <aside
      aria-label="Machine at a glance"
      className="flex w-80 shrink-0 animate-appear flex-col overflow-y-auto border-l bg-raised max-md:fixed max-md:inset-0 max-md:z-30 max-md:w-auto"
    >
      {agent.isPending ? (
        <SkeletonLines lines={8} className="p-4" />
      ) : agent.isError && !agent.data ? (
        <ErrorState error={agent.error} what="We could not load this machine." onRetry={() => agent.refetch()} />
      ) : (
        <>
          <div className="flex items-start gap-2 border-b p-4">
            <div className="min-w-0 flex-1">
              <MachineText className="block font-semibold text-base [overflow-wrap:anywhere] line-clamp-3">
                {agent.data.hostname}
              </MachineText>
              <StateWord status={agent.data.status} className="mt-1" />
            </div>
            <IconButton label="Close" onClick={onClose}>
              <X aria-hidden="true" className="size-4" />
            </IconButton>
          </div>
          <div className="flex gap-2 p-4">
            <Link to="/agents/$agentId" params={{ agentId }} className={buttonClass({ variant: "primary" })}>
              Open
            </Link>
            {agent.data.status === "online" &&
              ways.map(({ to, label, icon: Icon }) => (
                <Link key={to} to={to} params={{ agentId }} className={buttonClass()}>
                  <Icon aria-hidden="true" className="size-4" /> {label}
                </Link>
              ))}
          </div>
          <dl className="space-y-2.5 px-4 pb-6 text-sm">
            <Fact name="Place">
              {agent.data.client_name} › {agent.data.site_name}
            </Fact>
            <Fact name="System">{agent.data.os_name ?? words(agent.data.os_family)}</Fact>
            <Fact name="Addresses">
              {agent.data.addresses.length === 0
                ? "–"
                : agent.data.addresses.map((address) => (
                    <MachineText key={address} className="block truncate text-xs">
                      {address}
                    </MachineText>
                  ))}
            </Fact>
            <Fact name="User">
              {agent.data.user ? (
                <MachineText className="text-xs">{agent.data.user}</MachineText>
              ) : (
                "Nobody is signed in"
              )}
            </Fact>
            <Fact name="CPU">
              <Meter value={agent.data.cpu_percent} label="CPU" />
            </Fact>
            <Fact name="Memory">
              <Meter value={agent.data.memory_percent} label="Memory" />
            </Fact>
            <Fact name="Fullest disk">
              <Meter value={agent.data.disk_percent} label="Fullest disk" />
            </Fact>
            <Fact name="Up for">{agent.data.uptime_s === null ? "–" : duration(agent.data.uptime_s)}</Fact>
            <Fact name="Last seen">
              <Time at={agent.data.last_seen} />
            </Fact>
            {agent.data.problems.length > 0 && <Fact name="Problems">{agent.data.problems.map(words).join(", ")}</Fact>}
          </dl>
        </>
      )}
    </aside>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[92px_1fr] items-start gap-2">
      <dt className="text-muted text-xs leading-5">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
