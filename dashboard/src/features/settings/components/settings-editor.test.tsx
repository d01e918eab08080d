// @vitest-environment jsdom

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Me, Setting } from "@/api/contract";
import { adopt, forget } from "@/api/sign-in";
import { ConfirmProvider } from "@/components/confirm";
import { dropDrafts } from "@/lib/drafts";
import type { Place } from "../api/queries";
import { SettingsEditor } from "./settings-editor";

configure({ asyncUtilTimeout: 30_000 });
vi.setConfig({ testTimeout: 60_000 });

const ID = "0199d0c4-7a11-7c3e-8d52-0242ac120002";
const ME: Me = {
  user_id: ID,
  email: "ada@msp.example",
  name: "Ada",
  role: "partner_admin",
  tenant_id: ID,
  partner_name: "Northwind",
  client_id: null,
  needs_factor: false,
  permissions: ["settings.read", "settings.write"],
  partners: [],
  labels: { partner: "Reseller" },
};
const SIGNED_IN = { access_token: "t", expires_in: 300, me: ME };
const heartbeat: Setting = {
  key: "heartbeat_s",
  group: "What machines report",
  title: "Heartbeat",
  sentence: "How often a machine says that it is there.",
  kind: "number",
  unit: "seconds",
  least: 5,
  most: 3600,
  choices: null,
  default: 30,
  value: 45,
  source: "partner",
  own: null,
  inherited: 45,
  inherited_from: "partner",
  changed_at: null,
  changed_by: null,
  settable: true,
  lowering_deletes: false,
};
const level: Setting = {
  ...heartbeat,
  key: "log_level",
  title: "Log of the agents",
  sentence: "How much an agent writes into its log.",
  kind: "choice",
  unit: null,
  least: null,
  most: null,
  choices: ["DEBUG", "INFO"],
  default: "INFO",
  value: "DEBUG",
  source: "site",
  own: "DEBUG",
  inherited: "INFO",
  inherited_from: "default",
  changed_at: "2026-11-27T10:00:00Z",
  changed_by: "ada@msp.example",
};
const kept: Setting = {
  ...heartbeat,
  key: "metrics_kept_days",
  group: "What is kept",
  title: "Readings, each of them",
  unit: "days",
  value: 8,
  inherited: 8,
  inherited_from: "platform",
  settable: false,
};

const recordings: Setting = {
  ...kept,
  key: "recordings_kept_days",
  title: "Recordings of terminals",
  least: 1,
  most: 90,
  value: 90,
  inherited: 90,
  inherited_from: "default",
  settable: true,
  lowering_deletes: true,
};

const asked: { path: string; method: string; body: unknown }[] = [];
let answer: { status: number; body: unknown };

function show(place: Place) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ConfirmProvider>
        <SettingsEditor place={place} />
      </ConfirmProvider>
    </QueryClientProvider>,
  );
}

/** The line of a setting. */
async function line(title: string) {
  // Its title stands there, and once more as the label of the field, for those who do not see the title.
  const [found] = await screen.findAllByText(title);
  const item = found?.closest("li");
  if (!item) throw new Error(`${title} stands in no list`);
  return within(item);
}

function type(field: HTMLElement, value: string) {
  fireEvent.input(field, { target: { value } });
}

describe("the settings of a place", () => {
  beforeEach(() => {
    adopt(SIGNED_IN);
    answer = { status: 200, body: { level: "site", items: [heartbeat, level, kept, recordings] } };
    vi.stubGlobal("fetch", async (path: string, { method = "GET", body }: RequestInit) => {
      if (path.endsWith("/auth/refresh")) return new Response(JSON.stringify(SIGNED_IN));
      asked.push({ path, method, body: body ? JSON.parse(String(body)) : null });
      if (method === "PATCH") return new Response(JSON.stringify(answer.body), { status: answer.status });
      return new Response(JSON.stringify({ level: "site", items: [heartbeat, level, kept, recordings] }));
    });
  });
  afterEach(() => {
    cleanup();
    forget();
    dropDrafts();
    asked.length = 0;
    vi.unstubAllGlobals();
  });

  it("say what each does, what holds, and where that comes from", async () => {
    show({ level: "site", siteId: ID });
    const beat = await line("Heartbeat");
    expect(beat.getByText("How often a machine says that it is there.")).toBeTruthy();
    expect(beat.getByText("From the Reseller")).toBeTruthy();
    expect(beat.getByPlaceholderText("45 seconds")).toHaveProperty("value", "");
    expect(beat.getByText("5 to 3,600 seconds")).toBeTruthy();
    const log = await line("Log of the agents");
    expect(log.getByText("Set here")).toBeTruthy();
    expect(log.getByText(/Set by ada@msp.example/)).toBeTruthy();
    const readings = await line("Readings, each of them");
    expect(readings.getByText("8 days")).toBeTruthy();
    expect(readings.getByText("From the Platform")).toBeTruthy();
    expect(readings.queryByRole("spinbutton")).toBeNull();
    expect(asked[0]?.path).toContain(`/sites/${ID}/settings`);
  });

  it("are saved with what was changed alone; what is reset is inherited again", async () => {
    show({ level: "site", siteId: ID });
    type(await screen.findByLabelText("Heartbeat (seconds)"), "10");
    expect((await line("Heartbeat")).getByText("Set here")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: /^Reset Log/ }));
    expect((await line("Log of the agents")).getByText("Default")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    await vi.waitFor(() => expect(asked.some(({ method }) => method === "PATCH")).toBe(true), { timeout: 30_000 });
    expect(asked.find(({ method }) => method === "PATCH")?.body).toEqual({ heartbeat_s: 10, log_level: null });
  });

  it("are not sent while one is out of bounds", async () => {
    show({ level: "partner" });
    type(await screen.findByLabelText("Heartbeat (seconds)"), "4");
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("alert")).toBeTruthy();
    expect(asked.every(({ method }) => method === "GET")).toBe(true);
  });

  it("say at its field what the server refuses", async () => {
    const details = [{ field: "heartbeat_s", message: "Not while the moon is full." }];
    answer = { status: 422, body: { code: "invalid_input", message: "No.", request_id: "r", details } };
    show({ level: "partner" });
    type(await screen.findByLabelText("Heartbeat (seconds)"), "10");
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    const beat = await line("Heartbeat");
    expect(await beat.findByText("Not while the moon is full.")).toBeTruthy();
  });

  it("are saved only after a question where less is kept than before", async () => {
    show({ level: "partner" });
    type(await screen.findByLabelText("Recordings of terminals (days)"), "30");
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/deleted for good.*Recordings of terminals/)).toBeTruthy();
    expect(asked.every(({ method }) => method === "GET")).toBe(true);
    fireEvent.click(dialog.getByRole("button", { name: "Save and delete" }));
    await vi.waitFor(() => expect(asked.some(({ method }) => method === "PATCH")).toBe(true), { timeout: 30_000 });
    expect(asked.find(({ method }) => method === "PATCH")?.body).toEqual({ recordings_kept_days: 30 });
  });

  it("are found by what they do", async () => {
    show({ level: "partner" });
    await line("Heartbeat");
    fireEvent.change(screen.getByRole("searchbox", { name: "Search settings" }), { target: { value: "LOG agent" } });
    await vi.waitFor(() => expect(screen.queryByText("Heartbeat")).toBeNull(), { timeout: 30_000 });
    expect(screen.getAllByText("Log of the agents")).toBeTruthy();
  });
});
