// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { describe, expect, it, vi } from "vitest";
import { useAct } from "./use-act";

const wrapper = ({ children }: { children: ReactNode }) => (
  <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider>
);
const sources = import.meta.glob("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });

describe("an act", () => {
  it("is done once when it is asked for twice in a moment, before and after the answer", async () => {
    const work = vi.fn(async (_name: string) => "done");
    const { result } = renderHook(() => useAct({ mutationFn: work }), { wrapper });
    await act(async () => {
      result.current.mutate("a");
      result.current.mutate("a");
    });
    await act(async () => result.current.mutate("a"));
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("is another one with another thing", async () => {
    const work = vi.fn(async (_name: string) => "done");
    const { result } = renderHook(() => useAct({ mutationFn: work }), { wrapper });
    await act(async () => {
      result.current.mutate("a");
      result.current.mutate("b");
    });
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("can be tried again at once when it failed", async () => {
    const work = vi.fn(() => Promise.reject(new Error("no")));
    const { result } = renderHook(() => useAct({ mutationFn: work }), { wrapper });
    await act(async () => result.current.mutate());
    await act(async () => result.current.mutate());
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("is the only way there is: nothing else of the dashboard uses useMutation", () => {
    const others = Object.entries(sources).filter(([, source]) => /\buseMutation\b/.test(String(source)));
    expect(others.map(([path]) => path).filter((path) => !path.includes("use-act"))).toEqual([]);
  });
});
