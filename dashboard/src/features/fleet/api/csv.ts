import type { AgentRow, Me } from "@/api/contract";
import { labelOf } from "@/api/use-sign-in";
import { problemWords } from "./problem-words";

/** What the Partner calls its tiers. */
type Labels = Pick<Me, "labels">;
type Column = [header: string | ((labels: Labels) => string), value: (agent: AgentRow) => string | number | null];

const COLUMNS: Column[] = [
  ["Machine", (agent) => agent.hostname],
  ["State", (agent) => agent.status],
  ["Problems", problemWords],
  [(labels) => labelOf(labels, "client"), (agent) => agent.client_name],
  [(labels) => labelOf(labels, "site"), (agent) => agent.site_name],
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
export function machinesAsCsv(agents: readonly AgentRow[], labels: Labels): string {
  const headers = COLUMNS.map(([header]) => (typeof header === "string" ? header : header(labels)));
  const lines = [headers, ...agents.map((agent) => COLUMNS.map(([, value]) => value(agent)))];
  return `\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
