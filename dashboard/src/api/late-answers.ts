/**
 * The server answers with what it read when it was asked. What the live socket says in the meantime is newer, and must
 * not be undone by the answer when that arrives.
 */
import type { Query, QueryClient } from "@tanstack/react-query";
import type { LiveAgent, LiveCommand } from "./contract";
import { mergeAgents, mergeCommand } from "./live-cache";

/** Longer than any answer takes: what was said before that cannot be undone any more. */
const KEPT_MS = 60_000;

/** The newest word on each thing, oldest first. */
class LastWords<T extends { id: string }> {
  private readonly said = new Map<string, { at: number; item: T }>();

  keep(item: T): void {
    const now = performance.now();
    for (const [id, { at }] of this.said) {
      if (now - at < KEPT_MS) break;
      this.said.delete(id);
    }
    this.said.delete(item.id);
    this.said.set(item.id, { at: now, item });
  }

  since(moment: number): T[] {
    return [...this.said.values()].filter(({ at }) => at >= moment).map(({ item }) => item);
  }
}

export class LateAnswers {
  private readonly agents = new LastWords<LiveAgent>();
  private readonly commands = new LastWords<LiveCommand>();
  private readonly askedAt = new WeakMap<Query, number>();
  private readonly cache: QueryClient;

  constructor(cache: QueryClient) {
    this.cache = cache;
  }

  /** Listens to the cache until the returned function is called. */
  watch(): () => void {
    return this.cache.getQueryCache().subscribe((event) => {
      if (event.type !== "updated") return;
      const { query, action } = event;
      if (action.type === "fetch") this.askedAt.set(query, performance.now());
      else if (action.type === "success" && !action.manual) this.answered(query);
    });
  }

  heardAgents(items: LiveAgent[]): void {
    for (const item of items) this.agents.keep(item);
    mergeAgents(this.cache, items);
  }

  heardCommand(item: LiveCommand): void {
    this.commands.keep(item);
    mergeCommand(this.cache, item);
  }

  private answered(query: Query): void {
    const asked = this.askedAt.get(query);
    if (asked === undefined) return;
    if (query.queryKey[0] === "agents") {
      const items = this.agents.since(asked);
      if (items.length > 0) mergeAgents(this.cache, items);
    } else if (query.queryKey[0] === "commands") {
      for (const item of this.commands.since(asked)) mergeCommand(this.cache, item);
    }
  }
}
