/**
 * The dashboard's names for the shapes of the server's OpenAPI document; another one than the document's own where that
 * would say too little here.
 */
import type * as Api from "./generated/schema";
import type { QueryOf } from "./paths";

export type {
  CommandDetail,
  Invitation,
  Me,
  Metrics,
  Overview,
  OwnFactors,
  PasswordStrength,
  Problem,
  Role,
  SecondStep,
  Setting,
  SettingsPage,
  SignedIn,
  SignInRules,
  StepUpMethods,
  Tree,
} from "./generated/schema";

export type PasskeyRow = Api.Passkey;
export type Tier = "partner" | "client" | "site" | "agent";
export type SignInSession = Api.Session;
export type PartnerRow = Api.Partner;
export type Used = Api.Used;

export type DiskUse = Api.DiskUse;
export type ProblemKind = Api.Attention["kind"];
export type EventRow = Api.Event;
export type ClientRow = Api.Client;
export type SiteRow = Api.Site;
export type SiteCode = Api.Code;

export type AgentStatus = Api.AgentRow["status"];
export type { AgentDetail, AgentRow } from "./generated/schema";

type AgentFilterName = "q" | "status" | "client_id" | "site_id" | "os";
export type AgentFilter = { [K in AgentFilterName]?: NonNullable<QueryOf<"/agents">[K]> };
export type SearchField = Api.SearchFieldRow;
export type SavedView = Api.View;
export type MetricHistory = Api.History;
export type MetricColumn = Exclude<keyof Api.Columns, "at">;
export type SoftwareRow = Api.Software;
export type ChangeRow = Api.Change;
export type ProcessRow = Api.Process;

export type CommandRow = Api.Command;
export type CommandStatus = Api.Command["status"];
export type NewCommand = Api.CreateCommands;
export type RunPreview = Api.RunPreview;
export type RunSums = Api.RunSums;
export type FailedRun = Api.FailedRun;

export type TechSession = Api.TunnelStatus;

export type UserRow = Api.User;
export type AuditRow = Api.Entry;
