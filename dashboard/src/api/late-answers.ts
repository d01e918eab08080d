/**
 * The server answers with what it read when it was asked. What the live socket says in the meantime is newer, and must
 * not be undone by the answer when that arrives.
 */
import type { Query, QueryClient } from "@tanstack/react-query";
import type { LiveMessage, LiveReducer } from "./live-contribution";

/** Longer than any answer takes: what was said before that cannot be undone any more. */
const KEPT_MS = 60_000;

interface Thing {
  id: string;
}

/** The newest word on each thing, oldest first. */
class LastWords {
  private readonly said = new Map<string, { at: number; thing: Thing }>();

  keep(thing: Thing): void {
    const now = performance.now();
    for (const [id, { at }] of this.said) {
      if (now - at < KEPT_MS) break;
      this.said.delete(id);
    }
    this.said.delete(thing.id);
    this.said.set(thing.id, { at: now, thing });
  }

  since(moment: number): Thing[] {
    return [...this.said.values()].filter(({ at }) => at >= moment).map(({ thing }) => thing);
  }
}

/** Merges what the live socket says into the caches, and again into each answer that was asked for before it. */
export class LateAnswers {
  private readonly words = new Map<LiveReducer, LastWords>();
  private readonly askedAt = new WeakMap<Query, number>();
  private readonly cache: QueryClient;

  constructor(cache: QueryClient, reducers: readonly LiveReducer[]) {
    this.cache = cache;
    for (const reducer of reducers) this.words.set(reducer, new LastWords());
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

  heard(message: LiveMessage): void {
    for (const [reducer, words] of this.words) {
      if (reducer.on !== message.type) continue;
      const things = reducer.things(message as never);
      if (reducer.answers !== undefined) for (const thing of things) words.keep(thing);
      reducer.merge(this.cache, things as never);
    }
  }

  private answered(query: Query): void {
    const asked = this.askedAt.get(query);
    if (asked === undefined) return;
    for (const [reducer, words] of this.words) {
      if (reducer.answers === undefined || query.queryKey[0] !== reducer.answers) continue;
      const things = words.since(asked);
      if (things.length > 0) reducer.merge(this.cache, things as never);
    }
  }
}
