import { Link } from "@tanstack/react-router";
import type { AgentDetail } from "@/api/contract";
import { Badge } from "@/components/badge";
import { Card, CardHeader } from "@/components/card";
import { CopyButton } from "@/components/copy";
import { MachineText } from "@/components/machine-text";
import { Meter } from "@/components/meter";
import { Time } from "@/components/time";
import { bytes, isoOf } from "@/lib/format";
import { fullness } from "../api/disks";
import { asNumber, asText, asTexts, at, entries, triedSources, unavailable } from "../api/inventory";
import { UnavailableNote } from "./fact-list";

const CELL = "px-4 py-2 align-top";

export function DisksCard({ agent }: { agent: AgentDetail }) {
  const disks = agent.latest?.disks ?? [];
  const known = agent.inventory.disks;
  return (
    <Card>
      <CardHeader title="Disks" />
      {disks.length === 0 ? (
        <p className="px-4 py-6 text-muted text-sm">No disk has been reported yet.</p>
      ) : (
        <ul className="divide-y divide-line/60">
          {disks.map(({ mount, used, total, free }) => (
            <li key={mount}>
              <Link
                to="/agents/$agentId/storage"
                params={{ agentId: agent.id }}
                search={{ path: mount }}
                className="grid grid-cols-[minmax(0,1fr)_140px] items-center gap-3 px-4 py-2.5 hover:bg-overlay/60"
              >
                <span className="min-w-0">
                  <MachineText className="block truncate text-sm">{mount}</MachineText>
                  <span className="block truncate text-muted text-xs">
                    {[asText(at(known, mount, "device")), asText(at(known, mount, "fstype"))]
                      .filter(Boolean)
                      .join(" · ")}
                  </span>
                </span>
                <span>
                  <Meter value={fullness({ used, total, free })} label={`Used of ${mount}`} />
                  <span className="block text-right text-muted text-xs">
                    {bytes(free)} free of {bytes(total)}
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

export function InterfacesCard({ agent }: { agent: AgentDetail }) {
  const network = agent.inventory.network;
  const rows = entries(network)
    .filter(([, item]) => "mac" in item || "addresses" in item)
    .sort(([, a], [, b]) => Number(b.up === true) - Number(a.up === true));
  const missing = unavailable(network?.none);
  const gateway = asText(network?.default_gateway);
  const dns = asTexts(network?.dns);
  return (
    <Card id="network">
      <CardHeader title="Network interfaces" />
      {missing && (
        <div className="px-4 py-4 text-sm">
          <UnavailableNote why={missing.why} tried={missing.tried} />
        </div>
      )}
      {rows.length === 0 && missing ? null : rows.length === 0 ? (
        <p className="px-4 py-6 text-muted text-sm">No interface has been reported yet.</p>
      ) : (
        <ul className="divide-y divide-line/60 text-sm">
          {rows.map(([name, item]) => {
            const mac = asText(item.mac);
            const speed = asNumber(item.speed_mbps);
            return (
              <li key={name} className={`${CELL} grid gap-x-4 gap-y-1 sm:grid-cols-[130px_minmax(0,1fr)]`}>
                <span className="flex min-w-0 items-center gap-2">
                  <MachineText className="truncate">{name}</MachineText>
                  <Badge tone={item.up === true ? "ok" : "neutral"}>{item.up === true ? "Up" : "Down"}</Badge>
                </span>
                <span className="min-w-0 space-y-0.5">
                  {asTexts(item.addresses).map((address) => (
                    <span key={address} className="group flex items-center gap-1">
                      <MachineText className="truncate text-xs">{address}</MachineText>
                      <CopyButton
                        value={address.split("/")[0] ?? address}
                        label="Copy the address"
                        className="size-5 opacity-0 focus-visible:opacity-100 group-hover:opacity-100"
                      />
                    </span>
                  ))}
                  <span className="block text-muted text-xs">
                    {mac && <MachineText>{mac}</MachineText>}
                    {speed !== null &&
                      speed > 0 &&
                      ` · ${speed >= 1000 ? `${speed / 1000} Gbit/s` : `${speed} Mbit/s`}`}
                    {asNumber(item.mtu) !== null && ` · MTU ${item.mtu}`}
                  </span>
                </span>
              </li>
            );
          })}
        </ul>
      )}
      {(gateway || dns.length > 0) && (
        <p className="border-t px-4 py-2 text-muted text-xs">
          {gateway && (
            <>
              Gateway <MachineText className="text-ink">{gateway}</MachineText>{" "}
            </>
          )}
          {dns.length > 0 && (
            <>
              · DNS <MachineText className="text-ink">{dns.join(", ")}</MachineText>
            </>
          )}
        </p>
      )}
    </Card>
  );
}

export function TemperaturesCard({ agent }: { agent: AgentDetail }) {
  const readings = agent.latest?.temperatures ?? [];
  const section = agent.inventory.temperatures;
  const none = unavailable(section?.none);
  // The list of sources says what each answered; the note of "none" may only have their names.
  const answered = triedSources(at(section, "sources", "tried"));
  const tried = answered.length > 0 ? answered : (none?.tried ?? []);
  return (
    <Card id="temperatures">
      <CardHeader title="Temperatures" />
      {readings.length > 0 ? (
        <ul className="divide-y divide-line/60 text-sm">
          {readings.map(({ label, celsius }) => (
            <li key={label} className="flex items-center justify-between gap-3 px-4 py-1.5">
              <MachineText className="truncate text-xs">{label}</MachineText>
              <span className={`font-mono ${celsius >= 90 ? "text-bad" : celsius >= 80 ? "text-warn" : ""}`}>
                {Math.round(celsius)} °C
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <div className="px-4 py-4 text-sm">
          <UnavailableNote why={none?.why ?? "no reading has arrived yet"} tried={tried} />
        </div>
      )}
    </Card>
  );
}

export function UsersCard({ agent }: { agent: AgentDetail }) {
  const missing = unavailable(agent.inventory.users?.none);
  const users = entries(agent.inventory.users).filter(([, user]) => !unavailable(user));
  return (
    <Card>
      <CardHeader title="People signed in" />
      {missing ? (
        <div className="px-4 py-4 text-sm">
          <UnavailableNote why={missing.why} tried={missing.tried} />
        </div>
      ) : users.length === 0 ? (
        <p className="px-4 py-4 text-muted text-sm">Nobody is signed in.</p>
      ) : (
        <ul className="divide-y divide-line/60 text-sm">
          {users.map(([key, user]) => {
            const since = user.since;
            const seconds = asNumber(since);
            return (
              <li key={key} className="flex items-center justify-between gap-3 px-4 py-1.5">
                <span className="min-w-0 truncate">
                  <MachineText>{asText(user.name) ?? key}</MachineText>{" "}
                  <span className="text-muted text-xs">
                    {[asText(user.terminal), asText(user.host)].filter(Boolean).join(" · ")}
                  </span>
                </span>
                {since != null && (
                  <Time
                    at={seconds === null ? asText(since) : isoOf(seconds)}
                    className="shrink-0 text-muted text-xs"
                  />
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
