/** The REST and socket contract, version 1, as this dashboard uses it. Times are ISO-8601 UTC strings, ids are UUID strings. */

export interface List<T> {
  items: T[];
  next_cursor: string | null;
  total: number;
}

export interface ErrorBody {
  code: string;
  message: string;
  request_id: string;
  details: unknown;
}

export type Role = "platform_admin" | "partner_admin" | "partner_tech" | "client_contact";
export type Tier = "partner" | "client" | "site" | "agent";

export interface Me {
  user_id: string;
  email: string;
  name: string;
  role: Role;
  tenant_id: string | null;
  partner_name: string | null;
  client_id: string | null;
  permissions: string[];
  partners: { tenant_id: string; name: string; role: Role }[];
  labels: Record<Tier, string>;
}

export interface SignIn {
  access_token: string;
  expires_in: number;
  me: Me;
}

export interface Invitation {
  email: string;
  name: string;
  partner_name: string | null;
  role: Role;
}

export interface SignInSession {
  id: string;
  created_at: string;
  last_used_at: string | null;
  address: string | null;
  user_agent: string | null;
  current: boolean;
}

export interface PartnerRow {
  id: string;
  name: string;
  created_at: string;
  agents: number;
  clients: number;
  users: number;
}

export type ProblemKind = "disk_full" | "memory_high" | "offline_long";
export type AgentStatus = "online" | "offline";

export interface Overview {
  agents: { total: number; online: number; offline: number };
  problems: { total: number; by_kind: Partial<Record<ProblemKind, number>> };
  commands: { queued: number; running: number; finished_24h: number; failed_24h: number };
  sessions: { open: number };
  online_history: { at: string; online: number }[];
  attention: {
    agent_id: string;
    hostname: string;
    client_name: string;
    site_name: string;
    kind: ProblemKind;
    text: string;
    since: string | null;
  }[];
  sites: {
    id: string;
    name: string;
    client_id: string;
    client_name: string;
    total: number;
    online: number;
    problems: number;
  }[];
}

export interface EventRow {
  id: string;
  at: string;
  name: string;
  agent_id: string | null;
  hostname: string | null;
  site_id: string | null;
  actor: string | null;
  text: string;
}

export interface Tree {
  clients: {
    id: string;
    name: string;
    total: number;
    online: number;
    sites: { id: string; name: string; total: number; online: number }[];
  }[];
}

export interface ClientRow {
  id: string;
  name: string;
  sites: number;
  agents: number;
  online: number;
  created_at: string;
}

export interface SiteRow {
  id: string;
  name: string;
  client_id: string;
  client_name: string;
  agents: number;
  online: number;
  created_at: string;
}

export interface SiteCode {
  id: string;
  code: string;
  created_at: string;
  created_by: string | null;
  expires_at: string | null;
  max_uses: number | null;
  uses: number;
  revoked_at: string | null;
  state: "active" | "expired" | "used_up" | "revoked";
  install_command: string;
  landing_url: string;
}

export interface AgentRow {
  id: string;
  hostname: string;
  status: AgentStatus;
  os_name: string | null;
  os_family: "linux" | "windows" | "macos" | "other";
  agent_version: string | null;
  client_id: string;
  client_name: string;
  site_id: string;
  site_name: string;
  addresses: string[];
  user: string | null;
  cpu_percent: number | null;
  memory_percent: number | null;
  disk_percent: number | null;
  last_seen: string | null;
  online_since: string | null;
  uptime_s: number | null;
  problems: ProblemKind[];
}

/** What an agent's inventory says of one thing; the shapes are the agent's, so each value is read with care. */
export type InventorySection = Record<string, unknown>;

export interface AgentDetail extends AgentRow {
  enrolled_at: string | null;
  inventory: Partial<Record<"system" | "hardware" | "disks" | "network" | "temperatures" | "users", InventorySection>>;
  latest: Metrics | null;
  protocol: number | null;
  gateway: boolean;
}

export interface Metrics {
  at: string;
  cpu_percent: number | null;
  memory_used: number | null;
  memory_total: number | null;
  swap_used: number | null;
  load: number | null;
  receive_rate: number | null;
  send_rate: number | null;
  read_rate: number | null;
  write_rate: number | null;
  disks: { mount: string; used: number; total: number }[];
  temperatures: { label: string; celsius: number }[];
  uptime_s: number | null;
}

export type MetricColumn = "cpu" | "memory" | "load" | "receive" | "send" | "read" | "write" | "disk" | "temperature";

export interface MetricHistory {
  step_s: number;
  columns: { at: number[] } & Record<MetricColumn, (number | null)[]>;
}

export interface SoftwareRow {
  name: string;
  version: string;
  source: string;
}

export interface ChangeRow {
  id: string;
  at: string;
  section: string;
  key: string;
  change: "added" | "changed" | "removed";
  before: unknown;
  after: unknown;
}

export interface ProcessRow {
  pid: number;
  ppid: number;
  name: string;
  user: string | null;
  cpu_percent: number | null;
  rss: number | null;
  read_bytes: number | null;
  write_bytes: number | null;
  started: number | string | null;
  command: string | null;
}

export interface ProcessList {
  at: string;
  items: ProcessRow[];
  truncated: boolean;
}

export interface FolderList {
  path: string;
  items: { name: string; bytes: number; files: number }[];
  truncated: boolean;
}

export type CommandStatus =
  | "queued"
  | "delivered"
  | "running"
  | "succeeded"
  | "failed"
  | "timed_out"
  | "cancelled"
  | "expired";

export type Shell = "sh" | "bash" | "python3";

export interface CommandRow {
  id: string;
  batch_id: string | null;
  agent_id: string;
  hostname: string;
  client_name: string;
  site_name: string;
  shell: Shell;
  script: string;
  status: CommandStatus;
  exit_code: number | null;
  message: string | null;
  created_at: string;
  created_by: string | null;
  delivered_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  duration_ms: number | null;
  timeout_s: number;
  deadline_at: string | null;
  cancel_requested: boolean;
}

export interface CommandDetail extends CommandRow {
  stdout: string;
  stderr: string;
  dropped_bytes: number;
}

export interface AgentFilter {
  search?: string;
  status?: AgentStatus | "problem";
  client_id?: string;
  site_id?: string;
  os?: string;
}

export type CommandTarget = { agent_ids: string[] } | { filter: AgentFilter };

export type NewCommand = CommandTarget & {
  shell: Shell;
  script: string;
  timeout_s: number;
  deadline_s: number | null;
};

export type TunnelStatus = "opening" | "open" | "closed";

export interface TunnelOpened {
  session_id: string;
  status: TunnelStatus;
  agent_id: string;
  ticket: string;
  stream_url: string;
  notice: string;
}

export interface TechSession {
  session_id: string;
  agent_id: string;
  hostname: string;
  status: TunnelStatus;
  opened_at: string;
  closed_at: string | null;
  close_reason: string | null;
  opened_by: string | null;
  exit_code: number | null;
  input_bytes: number;
  output_bytes: number;
}

export interface Ticket {
  ticket: string;
  stream_url: string;
}

export interface UserRow {
  id: string;
  email: string;
  name: string;
  role: Role;
  client_id: string | null;
  client_name: string | null;
  created_at: string;
  last_sign_in_at: string | null;
  state: "active" | "invited" | "disabled";
}

export interface PartnerSettings {
  heartbeat_s: number;
  metrics_s: number;
  inventory_s: number;
  log_level: string;
  label_overrides: Partial<Record<Tier, string>>;
}

export interface AuditRow {
  id: string;
  seq: number;
  at: string;
  kind: "tunnel" | "admin";
  operation: string;
  actor: string | null;
  agent_id: string | null;
  hostname: string | null;
  session_id: string | null;
  channel_id: number | string | null;
  details: Record<string, unknown> | null;
  input: string | null;
  hash: string;
}

export interface AuditVerdict {
  ok: boolean;
  rows: number;
  first_bad: number | string | null;
}

export type LiveAgent = Pick<AgentRow, "id" | "status"> &
  Partial<Pick<AgentRow, "last_seen" | "cpu_percent" | "memory_percent" | "disk_percent" | "online_since">>;

export type LiveCommand = Pick<CommandRow, "id" | "agent_id" | "status"> &
  Partial<Pick<CommandRow, "exit_code" | "message" | "started_at" | "finished_at" | "duration_ms">>;

export interface LiveOutput {
  id: string;
  seq: number;
  stream: "stdout" | "stderr";
  text: string;
}

export type LiveMessage =
  | { type: "hello"; server_time: string }
  | { type: "agents"; items: LiveAgent[] }
  | { type: "metrics"; agent_id: string; sample: Metrics }
  | { type: "command"; item: LiveCommand }
  | ({ type: "output" } & LiveOutput)
  | { type: "event"; item: EventRow };
