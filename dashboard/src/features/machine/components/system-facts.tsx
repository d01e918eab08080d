import type { AgentDetail } from "@/api/contract";
import { useLabel } from "@/api/use-sign-in";
import { Card, CardHeader } from "@/components/card";
import { bytes, exactTime, isoOf, words } from "@/lib/format";
import { asNumber, asText, at } from "../api/inventory";
import { FactList, type FactRow } from "./fact-list";

/** Who the machine is: the left column of its overview. */
export function SystemFacts({ agent }: { agent: AgentDetail }) {
  const { system, hardware } = agent.inventory;
  const label = useLabel();
  const os: FactRow[] = [
    { name: "Operating system", value: at(system, "os", "pretty") ?? agent.os_name },
    { name: "Distribution", value: at(system, "os", "name") },
    { name: "Version", value: at(system, "os", "version") },
    { name: "Edition", value: at(system, "os", "edition") },
    { name: "Build", value: at(system, "os", "build") },
    { name: "Kernel", value: at(system, "os", "kernel") },
    { name: "Architecture", value: at(system, "architecture") },
    { name: "Virtualisation", value: at(system, "virtualization", "kind") ?? at(system, "virtualization") },
  ];
  const identity: FactRow[] = [
    { name: "Host name", value: at(system, "hostname") ?? agent.hostname },
    { name: "Full name", value: at(system, "fqdn") },
    { name: "Started", ...moment(at(system, "boot_time")) },
    { name: "Time zone", value: at(system, "timezone") },
    { name: "Machine id", value: at(system, "machine_id") },
  ];
  const max = asNumber(at(hardware, "cpu", "max_mhz"));
  const memory = asNumber(at(hardware, "memory", "total"));
  const iron: FactRow[] = [
    { name: "Manufacturer", value: at(hardware, "manufacturer") },
    { name: "Model", value: at(hardware, "model") },
    { name: "Serial number", value: at(hardware, "serial") },
    { name: "Board", value: at(hardware, "board") },
    { name: "BIOS", value: at(hardware, "bios_version") },
    { name: "Processor", value: at(hardware, "cpu", "model") ?? at(hardware, "cpu") },
    { name: "Cores", value: cores(hardware) },
    {
      name: "Top clock",
      value: max ?? at(hardware, "cpu", "max_mhz"),
      shown: max === null ? undefined : `${Math.round(max)} MHz`,
    },
    {
      name: "Memory",
      value: memory ?? at(hardware, "memory", "total"),
      shown: memory === null ? undefined : bytes(memory),
    },
    { name: "Graphics", value: graphics(at(hardware, "gpus")) },
  ];
  const own: FactRow[] = [
    { name: "Agent", value: agent.agent_version },
    { name: "Protocol", value: agent.protocol },
    { name: "Python", value: at(system, "agent", "python") },
    { name: "Settings", value: agent.settings.version, shown: settingsOf(agent) },
    { name: "Enrolled", value: agent.enrolled_at, shown: agent.enrolled_at ? exactTime(agent.enrolled_at) : undefined },
    { name: `${label("agent")} id`, value: agent.id },
  ];
  return (
    <Card>
      {(
        [
          ["Identity", identity],
          ["System", os],
          ["Hardware", iron],
          ["Agent", own],
        ] as const
      ).map(([title, facts]) => (
        <div key={title} className="border-b last:border-b-0">
          <CardHeader title={title} className="min-h-9 border-b-0 pb-0" />
          <div className="px-4 pb-3">
            <FactList facts={facts.filter((fact) => title !== "System" || fact.value != null)} />
          </div>
        </div>
      ))}
    </Card>
  );
}

/** Which version of its settings the machine runs, and whether there is a newer one. */
function settingsOf({ settings: { version, newest } }: AgentDetail): string | undefined {
  if (version === null) return undefined;
  return version === newest ? `Version ${version}, the newest` : `Version ${version}; ${newest} is on its way`;
}

function moment(value: unknown): { value: unknown; shown?: string } {
  const seconds = asNumber(value);
  if (seconds === null) return { value };
  const iso = isoOf(seconds);
  return iso === null ? { value } : { value: iso, shown: exactTime(iso) };
}

function cores(hardware: unknown): unknown {
  const physical = asNumber(at(hardware, "cpu", "cores"));
  const logical = asNumber(at(hardware, "cpu", "threads"));
  if (physical === null && logical === null) return at(hardware, "cpu", "cores");
  if (physical === null) return `${logical} threads`;
  return logical === null || logical === physical ? `${physical}` : `${physical} cores, ${logical} threads`;
}

function graphics(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const names = value
    .map((gpu) => asText(gpu) ?? asText(at(gpu, "model")) ?? asText(at(gpu, "name")))
    .filter((name) => name !== null);
  return names.length === 0 ? words("none") : names.join(", ");
}
