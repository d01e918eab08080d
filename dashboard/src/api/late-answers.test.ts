import { QueryClient } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EventRow } from "./contract";
import { LateAnswers } from "./late-answers";
import { type LiveMessage, reducer } from "./live-contribution";

/** Stands for whatever a feature caches: here the newest event of each machine. */
const key = (id: string) => ["machines", id];
const lists = ["machines", "list"];
const event = (name: string, id = "a") => ({ id, name, text: id }) as EventRow;
const told = (name: string): LiveMessage<"event"> => ({ type: "event", item: event(name) });

function merge(cache: QueryClient, events: readonly EventRow[]): void {
  for (const { id, name } of events) {
    cache.setQueryData<EventRow>(key(id), (old) => old && { ...old, name });
    cache.setQueryData<EventRow[]>(lists, (rows) => rows?.map((row) => (row.id === id ? { ...row, name } : row)));
  }
}

function setUp(answers: string | undefined = "machines") {
  const cache = new QueryClient();
  const late = new LateAnswers(cache, [reducer({ on: "event", things: ({ item }) => [item], merge, answers })]);
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
    cache.setQueryData(key("a"), event("online"));
    const answer = ask<EventRow>(cache, key("a"));
    late.heard(told("offline"));
    await answer({ ...event("online"), text: "renamed" });
    expect(cache.getQueryData(key("a"))).toMatchObject({ name: "offline", text: "renamed" });
  });

  it("does the same for everything under that name, and leaves alone what is under another", async () => {
    const { cache, late } = setUp();
    const answerList = ask<EventRow[]>(cache, lists);
    const answerOther = ask<EventRow>(cache, ["people", "a"]);
    late.heard(told("offline"));
    await answerList([event("online"), event("online", "b")]);
    await answerOther(event("online"));
    expect(cache.getQueryData<EventRow[]>(lists)?.map(({ name }) => name)).toEqual(["offline", "online"]);
    expect(cache.getQueryData(["people", "a"])).toMatchObject({ name: "online" });
  });

  it("believes an answer that was asked for afterwards", async () => {
    vi.useFakeTimers();
    const { cache, late } = setUp();
    late.heard(told("offline"));
    vi.advanceTimersByTime(1);
    await ask<EventRow>(cache, key("a"))(event("online"));
    expect(cache.getQueryData(key("a"))).toMatchObject({ name: "online" });
  });

  it("believes every answer where a reducer names none that it speaks of", async () => {
    const { cache, late } = setUp("");
    cache.setQueryData(key("a"), event("online"));
    const answer = ask<EventRow>(cache, key("a"));
    late.heard(told("offline"));
    expect(cache.getQueryData(key("a"))).toMatchObject({ name: "offline" });
    await answer(event("online"));
    expect(cache.getQueryData(key("a"))).toMatchObject({ name: "online" });
  });

  it("does nothing for messages that no feature takes", () => {
    const { cache, late } = setUp();
    cache.setQueryData(key("a"), event("online"));
    late.heard({ type: "ping" });
    late.heard({ type: "of a later server" } as never);
    expect(cache.getQueryData(key("a"))).toMatchObject({ name: "online" });
  });

  it("does nothing once it was stopped", async () => {
    const { cache, late, stop } = setUp();
    const answer = ask<EventRow>(cache, key("a"));
    stop();
    late.heard(told("offline"));
    await answer(event("online"));
    expect(cache.getQueryData(key("a"))).toMatchObject({ name: "online" });
  });
});
