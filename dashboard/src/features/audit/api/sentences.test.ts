import { expect, it } from "vitest";
import type { AuditRow } from "@/api/contract";
import { auditPhrase, auditSentence } from "./sentences";

const row = (operation: string, details: Record<string, unknown> = {}, part: Partial<AuditRow> = {}) =>
  ({ operation, details, actor: "tess@msp.example", hostname: "web-1", input: null, ...part }) as AuditRow;

const words = { labels: { client: "Customer", site: "Location" } };

it.each([
  [row("tunnel.open", { reason: "" }), "tess@msp.example opened a terminal on web-1."],
  [row("tunnel.open", { reason: "disk" }), "tess@msp.example opened a terminal on web-1: “disk”."],
  [
    row("channel.open", { kind: "terminal", parameters: { columns: 120, rows: 32 } }),
    "tess@msp.example started a terminal on web-1, 120 columns by 32 rows.",
  ],
  [
    row("channel.close", { kind: "terminal", reason: "exited", exit_code: 0 }),
    "tess@msp.example ended a terminal on web-1: the shell had ended, exit code 0.",
  ],
  [
    row("tunnel.close", { reason: "abandoned" }, { actor: null }),
    "The system ended the session on web-1: nobody came back in time.",
  ],
  [row("command.deleted", { status: "timed_out" }), "tess@msp.example deleted a command of web-1 that was timed out."],
  [row("commands.cleared", { deleted: 1 }), "tess@msp.example cleared 1 finished command."],
  [
    row("settings.changed", { after: { heartbeat_s: 10, log_level: "DEBUG" } }),
    "tess@msp.example changed heartbeat and log level.",
  ],
  [
    row("settings.changed", { level: "site", site: "HQ", after: { heartbeat_s: 10 } }),
    "tess@msp.example changed heartbeat of the Location HQ.",
  ],
  [
    row("settings.changed", { level: "platform", after: { heartbeat_s: 10 } }),
    "tess@msp.example changed heartbeat for every Partner.",
  ],
  [
    row("session.refused", { email: "x@y.z", address: "10.0.0.9" }, { actor: null }),
    "The system refused a sign-in as x@y.z from 10.0.0.9.",
  ],
  [
    row("session.refused", { email: "x@y.z", address: "10.0.0.9", wrong: "second factor" }, { actor: null }),
    "The system refused a sign-in as x@y.z from 10.0.0.9: the second factor was wrong.",
  ],
  [row("session.started", { by: "password, totp" }), "tess@msp.example signed in by password and app."],
  [
    row("session.started", { by: "passkey", address: "10.0.0.9" }),
    "tess@msp.example signed in by passkey from 10.0.0.9.",
  ],
  [row("step_up.done", { by: "recovery_code" }), "tess@msp.example proved again that it is they, by recovery code."],
  [row("factor.added", { factor: "passkey", name: "My laptop" }), "tess@msp.example set up the passkey My laptop."],
  [row("factor.reset", { email: "bea@y.z" }), "tess@msp.example took the second factor of bea@y.z away."],
  [row("sign_in_rules.changed", { second_factor: true }), "tess@msp.example asked a second factor of everybody."],
  [row("agent.processes", {}, { hostname: null }), "tess@msp.example looked at the processes of a machine."],
  [row("client.renamed", { before: "A", after: "B" }), "tess@msp.example renamed the Customer A to B."],
  [row("site_codes.revoked"), "tess@msp.example revoked all codes of a Location."],
  [
    row("user.invited", { email: "x@y.z", role: "client_contact" }),
    "tess@msp.example invited x@y.z as Customer contact.",
  ],
  [row("something.new"), "tess@msp.example did “something.new”."],
])("says %j", (given, sentence) => {
  expect(auditSentence(given, words)).toBe(sentence);
});

it("shows what a machine's name could hide", () => {
  expect(auditPhrase(row("agent.processes", {}, { hostname: "a\u202eb" }), words)).toContain("⟨202E⟩");
});
