/**
 * The words of the API as this dashboard uses them. What the server's OpenAPI document says is generated
 * (`pnpm generate`); here stand the dashboard's names for it, the few shapes that an agent and not the server
 * decides, and the messages of the live socket, which OpenAPI has no place for.
 */
import type * as Api from "./generated/schema";

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

export type Role = Api.Role;
export type Tier = "partner" | "client" | "site" | "agent";
export type Me = Omit<Api.Me, "labels"> & { labels: Record<Tier, string> };
export type SignIn = Omit<Api.SignedIn, "me"> & { me: Me };
export type Invitation = Api.Invitation;
export type SignInSession = Api.Session;
export type PartnerRow = Api.Partner;

export type Overview = Api.Overview;
export type ProblemKind = Api.Attention["kind"];
export type EventRow = Api.Event;
export type Tree = Api.Tree;
export type ClientRow = Api.Client;
export type SiteRow = Api.Site;
export type SiteCode = Api.Code;

export type AgentStatus = Api.AgentRow["status"];
export type AgentRow = Api.AgentRow;
export type AgentDetail = Api.AgentDetail;
export type AgentFilter = Partial<Record<"search" | "client_id" | "site_id", string>> & {
  status?: AgentStatus | "problem";
  os?: AgentRow["os_family"];
};
export type Metrics = Api.Metrics;
export type MetricHistory = Api.History;
export type MetricColumn = Exclude<keyof Api.Columns, "at">;
export type SoftwareRow = Api.Software;
export type ChangeRow = Api.Change;

/** A process as the agent told of it just now. */
export type ProcessRow = Api.Process;
export type ProcessList = Api.Processes;

/** The folders inside one, as the agent measured them just now. */
export type FolderList = Api.Folders;

export type CommandRow = Api.Command;
export type CommandDetail = Api.CommandDetail;
export type CommandStatus = Api.Command["status"];
export type NewCommand = Api.CreateCommands;
export type Shell = NewCommand["shell"];

export type TunnelOpened = Api.OpenedTunnel;
export type TechSession = Api.TunnelStatus;
export type Ticket = Api.StreamTicket;

export type UserRow = Api.User;
export type PartnerSettings = Api.Settings;
export type SettingsChange = Api.SettingsChange;
export type AuditRow = Api.Entry;
export type AuditVerdict = Api.Verified;

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
  | { type: "resync" }
  | { type: "ping" }
  | { type: "agents"; items: LiveAgent[] }
  | { type: "metrics"; agent_id: string; sample: Metrics }
  | { type: "command"; item: LiveCommand }
  | ({ type: "output" } & LiveOutput)
  | { type: "event"; item: EventRow };
