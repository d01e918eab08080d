/**
 * The dashboard's names for the shapes of the server's OpenAPI document, where the document's own name alone would
 * say too little here; and the messages of the live socket, which OpenAPI has no place for.
 */
import type * as Api from "./generated/schema";
import type { Query } from "./paths";

export type {
  CommandDetail,
  Invitation,
  Me,
  Metrics,
  Overview,
  Problem,
  Role,
  SettingsChange,
  SignedIn,
  Tree,
} from "./generated/schema";

export type Tier = "partner" | "client" | "site" | "agent";
export type SignInSession = Api.Session;
export type PartnerRow = Api.Partner;

export type ProblemKind = Api.Attention["kind"];
export type EventRow = Api.Event;
export type ClientRow = Api.Client;
export type SiteRow = Api.Site;
export type SiteCode = Api.Code;

export type AgentStatus = Api.AgentRow["status"];
export type { AgentDetail, AgentRow } from "./generated/schema";

type AgentFilterName = "search" | "status" | "client_id" | "site_id" | "os";
export type AgentFilter = { [K in AgentFilterName]?: NonNullable<Query<"/agents">[K]> };
export type MetricHistory = Api.History;
export type MetricColumn = Exclude<keyof Api.Columns, "at">;
export type SoftwareRow = Api.Software;
export type ChangeRow = Api.Change;
export type ProcessRow = Api.Process;

export type CommandRow = Api.Command;
export type CommandStatus = Api.Command["status"];
export type NewCommand = Api.CreateCommands;

export type TechSession = Api.TunnelStatus;

export type UserRow = Api.User;
export type PartnerSettings = Api.Settings;
export type AuditRow = Api.Entry;

export type LiveAgent = Pick<Api.AgentRow, "id" | "status"> &
  Partial<Pick<Api.AgentRow, "last_seen" | "cpu_percent" | "memory_percent" | "disk_percent" | "online_since">>;

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
  | { type: "metrics"; agent_id: string; sample: Api.Metrics }
  | { type: "command"; item: LiveCommand }
  | ({ type: "output" } & LiveOutput)
  | { type: "event"; item: EventRow };
