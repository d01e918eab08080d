import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { alignClock } from "@/lib/use-now";
import type { EventRow, LiveMessage, LiveOutput, Metrics } from "./contract";
import { api } from "./http";
import { LateAnswers } from "./late-answers";
import { mergeEvent, mergeMetrics, type OutOfDate, outOfDateAfter } from "./live-cache";
import { LiveSocket, type LiveStatus, socketUrl } from "./live-socket";

type Listener<T> = (value: T) => void;

class Channel<T> {
  private readonly listeners = new Set<Listener<T>>();
  emit(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
  on(listener: Listener<T>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

interface Live {
  socket: LiveSocket;
  lateAnswers: LateAnswers;
  status: () => LiveStatus;
  onStatus: (listener: () => void) => () => void;
  outputs: Channel<LiveOutput>;
  samples: Channel<{ agentId: string; sample: Metrics }>;
  events: Channel<EventRow>;
}

const LiveContext = createContext<Live | null>(null);
const REFETCH_AFTER_EVENT_MS = 1500;
const PAGES_READ_AGAIN = 3;

function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("the live socket is used outside its provider");
  return live;
}

/** Keeps the live socket for as long as somebody is signed in to a Partner. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const live = useMemo(() => createLive(cache), [cache]);
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

function createLive(cache: QueryClient): Live {
  let status: LiveStatus = { state: "stopped", lostAt: null };
  const statusListeners = new Set<() => void>();
  const outputs = new Channel<LiveOutput>();
  const samples = new Channel<{ agentId: string; sample: Metrics }>();
  const events = new Channel<EventRow>();
  const outdate = createOutdater(cache);
  const lateAnswers = new LateAnswers(cache);

  const take = (message: LiveMessage) => {
    switch (message.type) {
      case "hello":
        alignClock(message.server_time);
        return catchUp(cache);
      case "resync":
        return catchUp(cache);
      case "agents":
        return lateAnswers.heardAgents(message.items);
      case "metrics":
        mergeMetrics(cache, message.agent_id, message.sample);
        return samples.emit({ agentId: message.agent_id, sample: message.sample });
      case "command":
        return lateAnswers.heardCommand(message.item);
      case "output":
        return outputs.emit(message);
      case "event":
        mergeEvent(cache, message.item);
        outdate(outOfDateAfter(message.item));
        return events.emit(message.item);
    }
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
    outputs,
    samples,
    events,
  };
}

// A fleet that comes back after an outage sends hundreds of events: the caches are asked for again once per pause.
function createOutdater(cache: QueryClient) {
  const waiting = new Map<string, readonly unknown[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return ({ refetch, mark }: OutOfDate) => {
    for (const queryKey of mark) void cache.invalidateQueries({ queryKey, refetchType: "none" });
    for (const queryKey of refetch) waiting.set(JSON.stringify(queryKey), queryKey);
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
 * A list read far down is not read whole again for that.
 */
function catchUp(cache: QueryClient): void {
  void cache.invalidateQueries({ predicate: ({ state }) => pagesOf(state.data) <= PAGES_READ_AGAIN });
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

/** Asks for live readings of the rows on the screen. */
export function useVisibleAgents(ids: string[]): void {
  const live = useLive();
  const joined = ids.join(",");
  useEffect(() => {
    const timer = setTimeout(() => live.socket.setVisible(joined === "" ? [] : joined.split(",")), 150);
    return () => clearTimeout(timer);
  }, [live, joined]);
  useEffect(() => () => live.socket.setVisible([]), [live]);
}

/** Asks for fast readings of one machine while its page is open. */
export function useWatchedAgent(id: string): void {
  const live = useLive();
  useEffect(() => {
    live.socket.setWatch(id);
    return () => live.socket.setWatch(null);
  }, [live, id]);
}

export function useSamples(agentId: string, listener: (sample: Metrics) => void): void {
  const live = useLive();
  useEffect(
    () => live.samples.on((message) => message.agentId === agentId && listener(message.sample)),
    [live, agentId, listener],
  );
}

/** Follows commands live; `listener` gets every piece of output of these ids. */
export function useCommandOutput(ids: string[], listener: (output: LiveOutput) => void): void {
  const live = useLive();
  const joined = ids.join(",");
  useEffect(() => {
    const wanted = new Set(joined === "" ? [] : joined.split(","));
    if (wanted.size === 0) return;
    const stop = live.outputs.on((output) => {
      if (wanted.has(output.id)) listener(output);
    });
    live.socket.setCommands([...wanted]);
    return () => {
      stop();
      live.socket.setCommands([]);
    };
  }, [live, joined, listener]);
}

export function useLiveEvents(listener: (event: EventRow) => void): void {
  const live = useLive();
  useEffect(() => live.events.on(listener), [live, listener]);
}

/** Counts up while `active`, for a number that must tick between messages. */
export function useTick(intervalMs: number, active = true): number {
  const [tick, setTick] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setTick(Date.now()), intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs, active]);
  return tick;
}
