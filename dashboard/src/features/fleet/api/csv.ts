import type { AgentRow } from "@/api/contract";
import { problemWords } from "./problem-words";

const COLUMNS: [string, (agent: AgentRow) => string | number | null][] = [
  ["Machine", (agent) => agent.hostname],
  ["State", (agent) => agent.status],
  ["Problems", problemWords],
  ["Client", (agent) => agent.client_name],
  ["Site", (agent) => agent.site_name],
  ["Operating system", (agent) => agent.os_name],
  ["User", (agent) => agent.user],
  ["Addresses", (agent) => agent.addresses.join(" ")],
  ["CPU %", (agent) => agent.cpu_percent],
  ["Memory %", (agent) => agent.memory_percent],
  ["Disk %", (agent) => agent.disk_percent],
  ["Last seen", (agent) => agent.last_seen],
  ["Agent version", (agent) => agent.agent_version],
  ["Id", (agent) => agent.id],
];

/** Machines as CSV (RFC 4180) that a spreadsheet opens: what a machine said stays text there, and is no formula. */
export function machinesAsCsv(agents: readonly AgentRow[]): string {
  const lines = [COLUMNS.map(([name]) => name), ...agents.map((agent) => COLUMNS.map(([, value]) => value(agent)))];
  return `\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
