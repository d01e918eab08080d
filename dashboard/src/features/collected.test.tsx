// @vitest-environment jsdom
import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, describe, expect, it } from "vitest";
import type { Me } from "@/api/contract";
import { adopt, forget } from "@/api/sign-in";
import { FeaturesProvider, useTabAddress, useTabs } from "./collected";
import { defineFeature, layout, tab } from "./define-feature";

const component = () => null;
const machine = defineFeature({
  name: "machine",
  layouts: [layout({ name: "machine", path: "/agents/$agentId", component })],
  tabs: [
    tab({ of: "machine", path: "/processes", needs: "agents.inspect", component, label: "Processes", order: 30 }),
    tab({ of: "machine", path: "/", component, label: ({ name }) => `Seen by ${name}`, order: 10 }),
    tab({ of: "other", path: "/", component, label: "Of another", order: 20 }),
  ],
});
const wrapper = ({ children }: { children: ReactNode }) => (
  <FeaturesProvider value={[machine]}>{children}</FeaturesProvider>
);
const signIn = (part: Partial<Me>) =>
  adopt({
    access_token: "t",
    expires_in: 300,
    me: { name: "Tess", tenant_id: "p", permissions: [], ...part } as unknown as Me,
  });

describe("the tabs of a layout", () => {
  afterEach(() => forget());

  it("are those of this layout that somebody may see, in their order and the Partner's words", () => {
    signIn({ permissions: ["agents.inspect"] });
    const { result } = renderHook(() => useTabs("machine"), { wrapper });
    expect(result.current).toEqual([
      { to: "/agents/$agentId", first: true, label: "Seen by Tess" },
      { to: "/agents/$agentId/processes", first: false, label: "Processes" },
    ]);
  });

  it("are none outside of a Partner, when they don't say otherwise", () => {
    signIn({ tenant_id: null, permissions: ["agents.inspect"] });
    expect(renderHook(() => useTabs("machine"), { wrapper }).result.current).toEqual([]);
  });

  it("are led to where there is one, and to the first where this role has none", () => {
    signIn({});
    const { result } = renderHook(() => useTabAddress("machine"), { wrapper });
    expect(result.current("/agents/$agentId/processes")).toBe("/agents/$agentId");
    signIn({ permissions: ["agents.inspect"] });
    const again = renderHook(() => useTabAddress("machine"), { wrapper });
    expect(again.result.current("/agents/$agentId/processes")).toBe("/agents/$agentId/processes");
  });
});
