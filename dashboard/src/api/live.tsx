import { type QueryClient, type QueryKey, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { alignClock } from "@/lib/use-now";
import type { EventRow } from "./contract";
import { api } from "./http";
import { LateAnswers } from "./late-answers";
import { type Invalidation, isAfter, type LiveMessage, type LiveReducer, type LiveType } from "./live-contribution";
import { type Interest, LiveSocket, type LiveStatus, socketUrl } from "./live-socket";

type Listener = (message: LiveMessage) => void;

interface Live {
  socket: LiveSocket;
  lateAnswers: LateAnswers;
  status: () => LiveStatus;
  onStatus: (listener: () => void) => () => void;
  listeners: Set<Listener>;
}

/** What the features hear and make of it. */
export interface LiveParts {
  reducers: readonly LiveReducer[];
  invalidations: readonly Invalidation[];
}

const LiveContext = createContext<Live | null>(null);
const REFETCH_AFTER_EVENT_MS = 1500;
const PAGES_READ_AGAIN = 3;
const JUST_LOADED_MS = 10_000;

function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("the live socket is used outside its provider");
  return live;
}

/** Keeps the live socket for as long as somebody is signed in to a Partner. */
export function LiveProvider({ parts, children }: { parts: LiveParts; children: ReactNode }) {
  const cache = useQueryClient();
  const live = useMemo(() => createLive(cache, parts), [cache, parts]);
  useEffect(() => {
    const stopWatching = live.lateAnswers.watch();
    live.socket.start();
    const wake = () => live.socket.nudge();
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      live.socket.stop();
      stopWatching();
    };
  }, [live]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

function createLive(cache: QueryClient, { reducers, invalidations }: LiveParts): Live {
  let status: LiveStatus = { state: "stopped", lostAt: null };
  const statusListeners = new Set<() => void>();
  const listeners = new Set<Listener>();
  const outdate = createOutdater(cache, invalidations);
  const lateAnswers = new LateAnswers(cache, reducers);
  let heardBefore = false;

  const take = (message: LiveMessage) => {
    if (message.type === "hello") alignClock(message.server_time);
    if (message.type === "hello" || message.type === "resync") {
      // What the page has just asked for as it was loaded is not asked for a second time.
      const readSince =
        message.type === "hello" && !heardBefore ? Date.now() - JUST_LOADED_MS : Number.POSITIVE_INFINITY;
      heardBefore = true;
      return catchUp(cache, readSince);
    }
    lateAnswers.heard(message);
    if (message.type === "event") outdate(message.item);
    for (const listener of listeners) listener(message);
  };
  const socket = new LiveSocket({
    ticket: () => api.post("/live/ticket"),
    open: (url) => new WebSocket(socketUrl(url)),
    onMessage: take,
    onStatus: (next) => {
      status = next;
      for (const listener of statusListeners) listener();
    },
  });
  return {
    socket,
    lateAnswers,
    status: () => status,
    onStatus: (listener) => {
      statusListeners.add(listener);
      return () => statusListeners.delete(listener);
    },
    listeners,
  };
}

// A fleet that comes back after an outage sends hundreds of events: the caches are asked for again once per pause.
function createOutdater(cache: QueryClient, invalidations: readonly Invalidation[]) {
  const waiting = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (event: EventRow) => {
    for (const { mark = [], refetch = [] } of invalidations.filter((each) => isAfter(each, event))) {
      for (const queryKey of mark) void cache.invalidateQueries({ queryKey, refetchType: "none" });
      for (const queryKey of refetch) waiting.set(JSON.stringify(queryKey), queryKey);
    }
    if (timer !== undefined || waiting.size === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      const due = [...waiting.values()];
      waiting.clear();
      for (const queryKey of due) void cache.invalidateQueries({ queryKey });
    }, REFETCH_AFTER_EVENT_MS);
  };
}

/**
 * The server listens for us from now on, or had to leave something out: what was read before may have changed unheard.
 * A list read far down is not read whole again for that, nor is what was answered after `readSince`.
 */
function catchUp(cache: QueryClient, readSince: number): void {
  void cache.invalidateQueries({
    predicate: ({ state }) =>
      pagesOf(state.data) <= PAGES_READ_AGAIN &&
      state.dataUpdatedAt < readSince &&
      (state.fetchStatus === "idle" || readSince === Number.POSITIVE_INFINITY),
  });
}

function pagesOf(data: unknown): number {
  const pages = (data as { pages?: unknown } | undefined)?.pages;
  return Array.isArray(pages) ? pages.length : 1;
}

export function useLiveStatus(): LiveStatus {
  const live = useLive();
  return useSyncExternalStore(live.onStatus, live.status);
}

export function useReconnectNow(): () => void {
  const live = useLive();
  return () => live.socket.nudge();
}

/** Hears every message of one type; the listener has to be stable. */
export function useLiveMessages<T extends LiveType>(type: T, listener: (message: LiveMessage<T>) => void): void {
  const { listeners } = useLive();
  useEffect(() => {
    const hear: Listener = (message) => message.type === type && listener(message as LiveMessage<T>);
    listeners.add(hear);
    return () => void listeners.delete(hear);
  }, [listeners, type, listener]);
}

/**
 * Tells the server what is being looked at, and with `nothing` that it is looked at no more: when `interest` is null,
 * or the page is left. `renewed`: the server lets this one lapse.
 */
export function useLiveInterest(interest: Interest | null, nothing: Interest, renewed = false): void {
  const { socket } = useLive();
  const said = JSON.stringify(interest);
  const away = useRef(nothing);
  useEffect(() => {
    const next = JSON.parse(said) as Interest | null;
    if (next === null) socket.lookAway(away.current);
    else socket.look(next, renewed);
  }, [socket, said, renewed]);
  useEffect(() => () => socket.lookAway(away.current), [socket]);
}
