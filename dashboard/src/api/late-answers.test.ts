import { QueryClient } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { AgentDetail, CommandDetail } from "./contract";
import { LateAnswers } from "./late-answers";
import { keys } from "./live-cache";

const agent = (status: string) => ({ id: "a", status, hostname: "nw-1" }) as AgentDetail;

function setUp() {
  const cache = new QueryClient();
  const late = new LateAnswers(cache);
  const stop = late.watch();
  return { cache, late, stop };
}

/** A question whose answer comes when the test says so. */
function ask<T>(cache: QueryClient, queryKey: readonly unknown[]) {
  let answer: (value: T) => void = () => undefined;
  const asked = cache.fetchQuery({ queryKey, queryFn: () => new Promise<T>((resolve) => (answer = resolve)) });
  return (value: T) => {
    answer(value);
    return asked;
  };
}

afterEach(() => vi.useRealTimers());

describe("LateAnswers", () => {
  it("keeps what was said while the answer was on its way", async () => {
    const { cache, late } = setUp();
    cache.setQueryData(keys.agent("a"), agent("online"));
    const answer = ask<AgentDetail>(cache, keys.agent("a"));
    late.heardAgents([{ id: "a", status: "offline" }]);
    await answer({ ...agent("online"), hostname: "nw-renamed" });
    expect(cache.getQueryData(keys.agent("a"))).toMatchObject({ status: "offline", hostname: "nw-renamed" });
  });

  it("does the same for lists and for commands", async () => {
    const { cache, late } = setUp();
    const list = [...keys.agentLists, {}];
    const rows = (status: string) => ({
      pages: [{ items: [agent(status)], next_cursor: null, total: 1 }],
      pageParams: [undefined],
    });
    const answerList = ask<ReturnType<typeof rows>>(cache, list);
    const answerCommand = ask<CommandDetail>(cache, keys.command("c"));
    late.heardAgents([{ id: "a", status: "offline" }]);
    late.heardCommand({ id: "c", agent_id: "a", status: "succeeded", exit_code: 0 });
    await answerList(rows("online"));
    await answerCommand({ id: "c", status: "running", exit_code: null } as CommandDetail);
    expect(cache.getQueryData<ReturnType<typeof rows>>(list)?.pages[0]?.items[0]?.status).toBe("offline");
    expect(cache.getQueryData(keys.command("c"))).toMatchObject({ status: "succeeded", exit_code: 0 });
  });

  it("believes an answer that was asked for afterwards", async () => {
    vi.useFakeTimers();
    const { cache, late } = setUp();
    late.heardAgents([{ id: "a", status: "offline" }]);
    vi.advanceTimersByTime(1);
    await ask<AgentDetail>(cache, keys.agent("a"))(agent("online"));
    expect(cache.getQueryData(keys.agent("a"))).toMatchObject({ status: "online" });
  });

  it("does nothing once it was stopped", async () => {
    const { cache, late, stop } = setUp();
    const answer = ask<AgentDetail>(cache, keys.agent("a"));
    stop();
    late.heardAgents([{ id: "a", status: "offline" }]);
    await answer(agent("online"));
    expect(cache.getQueryData(keys.agent("a"))).toMatchObject({ status: "online" });
  });
});
