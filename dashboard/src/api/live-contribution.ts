/** What a feature says about the live socket: which messages it takes into the caches, and what an event makes old. */
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { EventRow } from "./contract";

/**
 * What the live socket says, by type. A feature that hears something else adds it by declaration:
 * `declare module "@/api/live-contribution" { interface LiveMessages { … } }`.
 */
export interface LiveMessages {
  hello: { server_time: string };
  /** Something was left out: what is shown has to be asked for again. */
  resync: object;
  ping: object;
  event: { item: EventRow };
}

export type LiveType = keyof LiveMessages;
export type LiveMessage<T extends LiveType = LiveType> = { [K in T]: { type: K } & LiveMessages[K] }[T];

/** Takes the messages of one type into the caches, in place. */
export interface LiveReducer {
  on: LiveType;
  /** The things that a message speaks of. */
  things: (message: never) => readonly { id: string }[];
  merge: (cache: QueryClient, things: never) => void;
  /**
   * The first part of the keys of the answers that speak of the same things. An answer holds what the server read when
   * it was asked; what was heard since then is merged into it again.
   */
  answers?: string;
}

/** A reducer whose message and things fit together. */
export function reducer<T extends LiveType, Thing extends { id: string }>(parts: {
  on: T;
  things: (message: LiveMessage<T>) => readonly Thing[];
  merge: (cache: QueryClient, things: readonly Thing[]) => void;
  answers?: string;
}): LiveReducer {
  return parts;
}

/** What events make out of date, beyond the rows that reducers change in place. */
export interface Invalidation {
  /** Names of events ("agent.enrolled"), or the nouns before the dot ("agent": every event of machines). */
  after: readonly string[];
  except?: readonly string[];
  /** Numbers and trees: asked for again at once. */
  refetch?: readonly QueryKey[];
  /** Lists: left alone while somebody reads them, read anew when they are next opened. */
  mark?: readonly QueryKey[];
}

export function nounOf(name: string): string {
  return name.split(".")[0] ?? name;
}

export function isAfter({ after, except = [] }: Invalidation, { name }: EventRow): boolean {
  return (after.includes(name) || after.includes(nounOf(name))) && !except.includes(name);
}
