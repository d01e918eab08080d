// @vitest-environment jsdom
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
} from "@tanstack/react-router";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { knownIds } from "./known-ids";

const ID = "0199d0c4-7a11-7c3e-8d52-0242ac120002";

/** A frame around a machine's page and its tab, as the dashboard nests them. */
function show(address: string) {
  const machine = vi.fn(() => <Outlet />);
  const root = createRootRoute({
    component: () => (
      <>
        <nav>frame</nav>
        <Outlet />
      </>
    ),
  });
  const parent = createRoute({
    getParentRoute: () => root,
    path: "/agents/$agentId",
    loader: ({ params }) => knownIds(params),
    component: machine,
  });
  const tab = createRoute({ getParentRoute: () => parent, path: "/software", component: () => <p>tab</p> });
  const router = createRouter({
    routeTree: root.addChildren([parent.addChildren([tab])]),
    history: createMemoryHistory({ initialEntries: [address] }),
    defaultNotFoundComponent: () => <p>nothing here</p>,
  });
  render(<RouterProvider router={router as never} />);
  return machine;
}

describe("knownIds", () => {
  afterEach(cleanup);

  it("shows the page of an id", async () => {
    const machine = show(`/agents/${ID}/software`);
    expect(await screen.findByText("tab")).toBeTruthy();
    expect(machine).toHaveBeenCalled();
  });

  it("shows not found inside the frame for anything else, and never the page that would ask for it", async () => {
    const machine = show("/agents/foo/software");
    expect(await screen.findByText("nothing here")).toBeTruthy();
    expect(screen.getByText("frame")).toBeTruthy();
    expect(machine).not.toHaveBeenCalled();
  });
});
