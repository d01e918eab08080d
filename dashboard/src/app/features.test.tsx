// @vitest-environment jsdom

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRouter, RouterProvider } from "@tanstack/react-router";
import { act, cleanup, configure, fireEvent, render, screen } from "@testing-library/react";
import { Ticket } from "lucide-react";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventRow, Me } from "@/api/contract";
import { isAfter, type LiveType, reducer } from "@/api/live-contribution";
import { adopt, forget } from "@/api/sign-in";
import { lazyPart } from "@/components/lazy-part";
import { FeaturesProvider } from "@/features/collected";
import { defineFeature, type Feature, page, tab } from "@/features/define-feature";
import { FEATURES } from "./features";
import { ROUTER_OPTIONS, routeTreeOf } from "./routes";

// A whole dashboard is rendered: on a busy machine it takes its time, and nothing here is about how long.
configure({ asyncUtilTimeout: 30_000 });
vi.setConfig({ testTimeout: 90_000 });
const PATIENT = { timeout: 30_000 };

const ID = "0199d0c4-7a11-7c3e-8d52-0242ac120002";
const me = (part: Partial<Me> = {}): Me => ({
  user_id: ID,
  email: "tech@msp.example",
  name: "Tess",
  role: "partner_tech",
  tenant_id: ID,
  partner_name: "Northwind",
  client_id: null,
  permissions: ["tickets.read"],
  needs_factor: false,
  partners: [],
  labels: {},
  ...part,
});
const machine = { id: ID, hostname: "nw-1", status: "online", os_family: "linux", uptime_s: null, problems: [] };
const ANSWERS: [RegExp, unknown][] = [
  [/\/auth\/invitation\//, { email: "new@msp.example", name: "", partner_name: "Northwind", role: "partner_tech" }],
  [/\/auth\/factors$/, { totp: false, passkeys: [], passkeys_possible: false, recovery_codes: 0 }],
  [/\/live\/ticket$/, { ticket: "t", stream_url: "/api/v1/live" }],
  [
    /\/agents\/[^/]+$/,
    {
      ...machine,
      inventory: {},
      latest: null,
      addresses: [],
      former: [],
      doubles: [],
      problem_texts: {},
      settings: { version: 1, newest: 1 },
    },
  ],
  [/./, { items: [machine], clients: [], next_cursor: null, total: 1 }],
];

/** The browser's end of the live socket. */
class Line {
  static last: Line;
  readyState = 1;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  constructor() {
    Line.last = this;
  }
  send() {}
  close() {}
  hear(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const heard = vi.fn();
const started = vi.fn();
/** What a module would hand in: one object. */
const tickets = defineFeature({
  name: "tickets",
  permissions: ["tickets.read"],
  pages: [
    page({
      path: "/tickets",
      needs: "tickets.read",
      component: () => <h1>All tickets</h1>,
      section: { label: "Tickets", icon: Ticket, order: 25, essential: true },
    }),
    page({ path: "/tickets/$ticketId", component: () => <h1>One ticket</h1> }),
  ],
  tabs: [
    tab({ of: "machine", path: "/tickets", component: () => <p>Tickets of it</p>, label: "Its tickets", order: 65 }),
    tab({ of: "settings", path: "/queues", component: () => <p>Queues</p>, label: "Queues", order: 50, icon: Ticket }),
  ],
  machineActs: [{ label: "Open a ticket", icon: Ticket, order: 90, needs: "tickets.read", start: started }],
  reducers: [reducer({ on: "ticket" as LiveType, things: (message) => [message as never], merge: heard })],
  invalidations: [{ after: ["ticket"], mark: [["tickets"]] }],
  finder: lazyPart(() => Promise.resolve(({ text }) => <p>Tickets like {text}</p>)),
  sidebar: lazyPart(() => Promise.resolve(() => <p>Two tickets wait</p>)),
  hotkeys: { t: { to: "/tickets" } },
  keys: [["t", "All tickets"]],
});

function show(address: string, features: readonly Feature[] = [...FEATURES, tickets]) {
  const router = createRouter({
    routeTree: routeTreeOf(features),
    history: createMemoryHistory({ initialEntries: [address] }),
    ...ROUTER_OPTIONS,
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FeaturesProvider value={features}>
        <RouterProvider router={router as never} />
      </FeaturesProvider>
    </QueryClientProvider>,
  );
  return router;
}

const signIn = (part?: Partial<Me>) => adopt({ access_token: "t", expires_in: 300, me: me(part) });

describe("a feature that is added to the list", () => {
  // The code of pages is loaded when they are shown; here it is there before, so that no test waits for it.
  beforeAll(async () => {
    await Promise.all([import("./shell"), import("./palette")]);
    const every: readonly Feature[] = FEATURES;
    const shown = every.flatMap(({ pages = [], layouts = [], tabs = [] }) => [...pages, ...layouts, ...tabs]);
    await Promise.all(shown.map(({ component }) => component.preload?.()));
  }, 120_000);
  beforeEach(() => {
    signIn();
    vi.stubGlobal("WebSocket", Line);
    vi.stubGlobal("fetch", async (path: string) => {
      const body = ANSWERS.find(([pattern]) => pattern.test(path.split("?")[0] ?? ""))?.[1];
      return new Response(JSON.stringify(body));
    });
    vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
    vi.stubGlobal(
      "ResizeObserver",
      class {
        observe() {}
        unobserve() {}
        disconnect() {}
      },
    );
    Element.prototype.scrollTo = () => undefined;
    Element.prototype.scrollIntoView = () => undefined;
  });
  afterEach(() => {
    cleanup();
    forget();
    heard.mockReset();
    started.mockReset();
    vi.unstubAllGlobals();
  });

  it("has its page, its section, its part of the sidebar and its key", async () => {
    const router = show("/tickets");
    expect(await screen.findByRole("heading", { name: "All tickets" })).toBeTruthy();
    const sections = screen.getAllByRole("link").filter((link) => link.getAttribute("href") === "/tickets");
    expect(sections.map((link) => link.textContent)).toEqual(["Tickets", "Tickets"]); // the sidebar and the bottom bar
    expect(await screen.findByText("Two tickets wait")).toBeTruthy();
    await act(() => router.navigate({ to: "/settings" as never }));
    expect(await screen.findByText("Queues")).toBeTruthy();
    act(() => void fireEvent.keyDown(document.body, { key: "t" }));
    expect(await screen.findByRole("heading", { name: "All tickets" })).toBeTruthy();
  });

  it("has its tab and its act on a machine's page", async () => {
    show(`/agents/${ID}/tickets`);
    expect(await screen.findByText("Tickets of it")).toBeTruthy();
    const tabs = screen.getByRole("navigation", { name: "Machine" });
    expect([...tabs.querySelectorAll("a")].map((link) => link.textContent)).toEqual([
      "Overview",
      "Storage",
      "Software",
      "Its tickets",
      "History",
    ]);
    const start = await screen.findByRole("button", { name: "Open a ticket" });
    act(() => start.click());
    expect(started.mock.calls[0]?.[0]).toMatchObject({ kind: "agents", agents: [{ hostname: "nw-1" }] });
  });

  it("is found in the palette, with its page, its tab and what it finds", async () => {
    show("/tickets");
    await screen.findByRole("heading", { name: "All tickets" });
    act(() => void fireEvent.keyDown(document.body, { key: "k", ctrlKey: true }));
    const field = await screen.findByPlaceholderText(/Search machines/);
    act(() => void fireEvent.change(field, { target: { value: "queue" } }));
    expect(await screen.findByText("Tickets like queue")).toBeTruthy();
    expect(screen.getAllByRole("option").map((option) => option.textContent)).toContain("Settings › Queues");
  });

  it("hears its live messages", async () => {
    show("/tickets");
    await screen.findByRole("heading", { name: "All tickets" });
    await vi.waitFor(() => expect(Line.last).toBeDefined(), PATIENT);
    act(() => Line.last.hear({ type: "ticket", id: "1" }));
    expect(heard.mock.calls[0]?.[1]).toEqual([{ type: "ticket", id: "1" }]);
  });

  it("is nowhere for those without its permission, and its address says so", async () => {
    signIn({ permissions: [] });
    show("/tickets");
    expect(await screen.findByText("This page is not part of your role.")).toBeTruthy();
    expect(screen.queryAllByRole("link", { name: "Tickets" })).toEqual([]);
    expect(screen.queryByRole("heading", { name: "All tickets" })).toBeNull();
  });

  it("has no page for an address whose id is none", async () => {
    show("/tickets/foo");
    expect(await screen.findByText("There is nothing at this address.")).toBeTruthy();
    expect(screen.getAllByRole("link", { name: "Fleet" })).toBeTruthy();
  });

  it("leaves the others as they are: an invitation's link leads to its page, though its word is no id", async () => {
    forget();
    show("/welcome/a-secret-word");
    expect(await screen.findByRole("button", { name: "Start" })).toBeTruthy();
  });

  it("is out of reach outside of a Partner", async () => {
    signIn({ role: "platform_admin", tenant_id: null, permissions: ["partners.read", "tickets.read"] });
    const router = show("/tickets");
    await vi.waitFor(() => expect(router.state.location.pathname).toBe("/platform"), PATIENT);
    expect(screen.queryByRole("heading", { name: "All tickets" })).toBeNull();
  });
});

describe("the features there are", () => {
  const all: readonly Feature[] = FEATURES;
  const sources = import.meta.glob("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
  const folders = new Set(Object.keys(sources).flatMap((path) => /^\.\.\/features\/([^/]+)\//.exec(path)?.[1] ?? []));

  it("are all in the list, each by the name of its folder", () => {
    expect(all.map(({ name }) => name).toSorted()).toEqual([...folders].toSorted());
  });

  it("ask for no permission that none of them declares, and none is declared twice", () => {
    const declared = all.flatMap(({ permissions = [] }) => permissions);
    const needed = all
      .flatMap(({ pages = [], layouts = [], tabs = [], machineWays = [], machineActs = [] }) => [
        ...[...pages, ...layouts, ...tabs, ...machineWays, ...machineActs],
      ])
      .flatMap(({ needs }) => needs ?? []);
    const asked = Object.entries(sources)
      .filter(([path]) => !path.includes(".test."))
      .flatMap(([, source]) =>
        [...String(source).matchAll(/\b(?:useCan|can)\("([a-z.]+)"\)/g)].map((match) => match[1]),
      );
    expect(asked.length).toBeGreaterThan(10);
    expect([...new Set([...needed, ...asked])].filter((permission) => !declared.includes(permission ?? ""))).toEqual(
      [],
    );
    expect(declared.toSorted()).toEqual([...new Set(declared)].toSorted());
  });

  it("lead nowhere but to addresses that there are", () => {
    const tree = routeTreeOf(all);
    const router = createRouter({ routeTree: tree, history: createMemoryHistory() });
    const known = new Set(Object.keys(router.routesByPath));
    const ways = all.flatMap(({ hotkeys = {}, machineWays = [] }) => [...Object.values(hotkeys), ...machineWays]);
    expect(ways.map(({ to }) => to).filter((to) => !known.has(to))).toEqual([]);
    const layouts = all.flatMap(({ layouts = [] }) => layouts.map(({ name }) => name));
    expect(all.flatMap(({ tabs = [] }) => tabs).filter(({ of }) => !layouts.includes(of))).toEqual([]);
  });

  it("make out of date after an event what it changes, and leave lists alone that somebody may be reading", () => {
    const outOfDate = (name: string) => {
      const due = all
        .flatMap(({ invalidations = [] }) => invalidations)
        .filter((each) => isAfter(each, { name } as EventRow));
      const names = (part: "refetch" | "mark") =>
        due.flatMap((each) => (each[part] ?? []).map((key) => key.join(" "))).toSorted();
      return { refetch: names("refetch"), mark: names("mark") };
    };
    const presence = { refetch: ["overview", "tree"], mark: ["agents list"] };
    expect(outOfDate("agent.online")).toEqual(presence);
    expect(outOfDate("agent.offline")).toEqual(presence);
    expect(outOfDate("agent.enrolled")).toEqual({
      refetch: ["clients", "overview", "sites", "tree"],
      mark: ["agents list"],
    });
    expect(outOfDate("command.queued")).toEqual({ refetch: ["commands sums", "overview"], mark: ["commands list"] });
    expect(outOfDate("tunnel.opened")).toEqual({ refetch: ["overview"], mark: ["sessions list"] });
    expect(outOfDate("site.created")).toEqual({ refetch: ["clients", "overview", "sites", "tree"], mark: [] });
    expect(outOfDate("client.created")).toEqual({ refetch: ["clients", "overview", "sites", "tree"], mark: [] });
    expect(outOfDate("moon.risen")).toEqual({ refetch: [], mark: [] });
  });
});
