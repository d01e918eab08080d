/** What the rows of the audit say, in words. An operation that is not known here is said by its name. */
import type { AuditRow, Me, Role } from "@/api/contract";
import { labelOf, roleOf } from "@/api/use-sign-in";
import { counted, words } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";

type Details = Record<string, unknown>;

const ENDINGS: Record<string, string> = {
  exited: "the shell had ended",
  closed: "closed by hand",
  abandoned: "nobody came back in time",
  signed_out: "the sign-in ended",
  agent_lost: "the agent no longer had the shell",
  not_opened: "the shell could not be started",
  removed: "the machine was removed",
  failed: "the server had to give it up",
};

/** What the Partner calls its tiers. */
type Labels = Pick<Me, "labels">;

/** What somebody did, to be read after their name; `m` is the machine's, `l` what the tiers are called. */
const PHRASES: Record<string, (details: Details, m: string, l: Labels) => string> = {
  "tunnel.open": (d, m) => `opened a terminal on ${m}${text(d.reason) && `: “${text(d.reason)}”`}`,
  "tunnel.close": (d, m) => `ended the session on ${m}: ${ending(d)}`,
  "tunnel.recording_read": (_, m) => `read the recording of a session on ${m}`,
  "channel.open": (d, m) => `started a ${text(d.kind) || "channel"} on ${m}${size(d.parameters)}`,
  "channel.close": (d, m) => `ended a ${text(d.kind) || "channel"} on ${m}: ${ending(d)}${exit(d)}`,
  "terminal.input": (_, m) => `typed on ${m}`,
  "command.queued": (_, m) => `ran a command on ${m}`,
  "command.cancelled": (d, m) => `cancelled a command on ${m}${was(d)}`,
  "command.deleted": (d, m) => `deleted a command of ${m}${was(d)}`,
  "commands.cleared": (d) => `cleared ${counted(Number(d.deleted) || 0, "finished command")}`,
  "agent.processes": (_, m) => `looked at the processes of ${m}`,
  "agent.folders": (d, m) => `looked for large folders in ${text(d.path)} on ${m}`,
  "agent.enrolled": (d) => `added the machine ${text(d.hostname)} with a site code`,
  "agent.moved": (d) => `moved ${text(d.hostname)} from ${text(d.from)} to ${text(d.to)}`,
  "agent.deleted": (d) =>
    `removed ${text(d.hostname)} of ${text(d.client)}, ${text(d.site)}${d.uninstall ? ", with its agent" : ""}`,
  "agent.revived": (d) => `let ${text(d.came_back_as)} go on as ${text(d.hostname)}`,
  "agent.kept_apart": (d) => `kept ${text(d.hostname)} apart from the machine it was before`,
  "agent.own_key_ordered": (d) => `had ${text(d.copy)}, a copy of ${text(d.hostname)}, make a key of its own`,
  "agent.called_one": (d) => `said that only one machine is left with the key of ${text(d.hostname)}`,
  "quota.changed": (d) =>
    `changed the quota of ${words(text(d.resource)).toLowerCase()} to ${text(d.after) || "everybody's"}`,
  "client.created": (d, _, l) => `added the ${labelOf(l, "client")} ${text(d.name)}`,
  "client.renamed": (d, _, l) => `renamed the ${labelOf(l, "client")} ${text(d.before)} to ${text(d.after)}`,
  "client.deleted": (d, _, l) => `deleted the ${labelOf(l, "client")} ${text(d.name)}`,
  "site.created": (d, _, l) => `added the ${labelOf(l, "site")} ${text(d.name)}`,
  "site.renamed": (d, _, l) => `renamed the ${labelOf(l, "site")} ${text(d.before)} to ${text(d.after)}`,
  "site.deleted": (d, _, l) => `deleted the ${labelOf(l, "site")} ${text(d.name)}`,
  "site_code.created": () => "made a site code",
  "site_code.revoked": () => "revoked a site code",
  "site_codes.revoked": (_d, _m, l) => `revoked all codes of a ${labelOf(l, "site")}`,
  "settings.changed": (d, _, l) =>
    `changed ${list(Object.keys((d.after ?? {}) as object).map(settingWords)) || "settings"}${placeOf(d, l)}`,
  "session.started": (d) => `signed in${d.by ? ` by ${factorWords(d.by)}` : ""}${from(d)}`,
  "session.refused": (d) =>
    `refused a sign-in as ${text(d.email)}${from(d)}${d.wrong ? `: the ${text(d.wrong)} was wrong` : ""}`,
  "session.ended": (d) => (d.reason ? `ended a sign-in: ${words(text(d.reason)).toLowerCase()}` : "signed out"),
  "sessions.ended_everywhere": () => "signed out everywhere",
  "step_up.done": (d) => `proved again that it is they, by ${factorWords(d.by)}${from(d)}`,
  "step_up.refused": (d) => `did not prove again that it is they${from(d)}`,
  "factor.added": (d) => `set up ${d.factor === "totp" ? "an authenticator app" : `the passkey ${text(d.name)}`}`,
  "factor.removed": (d) => (d.factor === "totp" ? "turned their authenticator app off" : "removed a passkey"),
  "factor.reset": (d) => `took the second factor of ${text(d.email)} away`,
  "recovery_codes.made": () => "made new recovery codes",
  "sign_in_rules.changed": (d) =>
    d.second_factor ? "asked a second factor of everybody" : "left the second factor to each person",
  "password.changed": () => "changed their password",
  "platform.entered": (d, _, l) => `entered this ${labelOf(l, "partner")} from the Platform: “${text(d.reason)}”`,
  "platform.left": (_d, _m, l) => `left this ${labelOf(l, "partner")} for the Platform`,
  "tenant.created": (d, _, l) => `made the ${labelOf(l, "partner")} ${text(d.name)}`,
  "user.invited": (d, _, l) => `invited ${text(d.email)}${d.role ? ` as ${role(text(d.role), l)}` : ""}`,
  "user.changed": (d) => `changed what ${text(d.email)} may do`,
  "user.renamed": (d) => `renamed ${text(d.email)} to ${text(d.after)}`,
  "user.removed": (d) => `removed ${text(d.email)}`,
  "invitation.created": (d) => `${d.password_reset ? "reset the password of" : "invited again"} ${text(d.email)}`,
  "invitation.accepted": () => "accepted the invitation",
};

/** The two chains, each with numbers of its own. */
export const CHAINS: Record<AuditRow["kind"], string> = { tunnel: "Machines", admin: "Product" };

/** The row as a whole sentence: who did what, and where. */
export function auditSentence(row: AuditRow, labels: Labels): string {
  const phrase = auditPhrase(row, labels);
  return `${row.actor ? visibleLine(row.actor) : "The system"} ${phrase}.`;
}

/** What was done, without who did it. */
export function auditPhrase(row: Pick<AuditRow, "operation" | "details" | "hostname">, labels: Labels): string {
  const machine = row.hostname ? visibleLine(row.hostname) : "a machine";
  return PHRASES[row.operation]?.(row.details ?? {}, machine, labels) ?? `did “${visibleLine(row.operation)}”`;
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : visibleLine(String(value));
}

function role(name: string, labels: Labels): string {
  return visibleLine(roleOf(labels, name as Role) ?? words(name));
}

/** "password, totp" as people say it. */
function factorWords(by: unknown): string {
  return text(by).replace("totp", "app").replace("recovery_code", "recovery code").replace(", ", " and ");
}

function ending(details: Details): string {
  const [why = "", ...said] = text(details.reason).split(": ");
  return [ENDINGS[why] ?? words(why), ...said].join(": ");
}

function exit({ exit_code: code }: Details): string {
  return code === null || code === undefined ? "" : `, exit code ${text(code)}`;
}

function size(parameters: unknown): string {
  const { columns, rows } = (parameters ?? {}) as Details;
  return columns && rows ? `, ${text(columns)} columns by ${text(rows)} rows` : "";
}

function was({ status }: Details): string {
  return status ? ` that was ${words(text(status)).toLowerCase()}` : "";
}

function from({ address }: Details): string {
  return address ? ` from ${text(address)}` : "";
}

/** For whom a setting was changed; rows from before there were levels say nothing of it. */
function placeOf({ level, site }: Details, l: Labels): string {
  if (level === "site") return ` of the ${labelOf(l, "site")} ${text(site)}`;
  return level === "platform" ? ` for every ${labelOf(l, "partner")}` : "";
}

function settingWords(name: string): string {
  return visibleLine(name).replace(/_s$/, "").replaceAll("_", " ");
}

function list(names: string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
