import { useLocation, useRouterState } from "@tanstack/react-router";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { keepPlace, placeOf } from "./places";

interface HistoryEntry {
  pathname: string;
  state: { __TSR_key?: string };
}

const keyOf = (entry: HistoryEntry | undefined) => entry?.state.__TSR_key ?? "first";

/** The entry of the browser's history that a page is at; not the one that it is being left for. */
function usePageEntry(): string {
  const location = useLocation() as HistoryEntry;
  const [pathname] = useState(location.pathname);
  const [entry, setEntry] = useState(keyOf(location));
  if (location.pathname === pathname && keyOf(location) !== entry) setEntry(keyOf(location));
  return entry;
}

/** As `useState`; whoever comes back by the browser's Back finds it as it was left. */
export function usePlaced<T>(name: string, initial: T): [T, (value: T) => void] {
  const entry = usePageEntry();
  const [value, setValue] = useState<T>(() => placeOf<T>(entry, name) ?? initial);
  useEffect(() => keepPlace(entry, name, value), [entry, name, value]);
  return [value, setValue];
}

/** Keeps how far a part of a page is scrolled, and scrolls it there again after Back, once its content is there. */
export function useScrollPlace(name: string, element: RefObject<HTMLElement | null>, ready: boolean): void {
  const entry = usePageEntry();
  const restored = useRef(false);
  useLayoutEffect(() => {
    if (!ready || restored.current) return;
    restored.current = true;
    element.current?.scrollTo(0, placeOf<number>(entry, name) ?? 0);
  }, [ready, entry, name, element]);
  useEffect(() => {
    const scrolled = element.current;
    if (!scrolled) return;
    const keep = () => {
      if (restored.current) keepPlace(entry, name, scrolled.scrollTop);
    };
    keep();
    scrolled.addEventListener("scroll", keep, { passive: true });
    return () => scrolled.removeEventListener("scroll", keep);
  }, [entry, name, element]);
}

/** As `useScrollPlace` for what stands around all pages: a new page starts at its top, after Back where it was. */
export function usePagesScroll(element: RefObject<HTMLElement | null>): void {
  const shown = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation }) as HistoryEntry | undefined;
  const entry = keyOf(shown);
  const current = useRef(entry);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page, not another filter of the same one
  useLayoutEffect(() => {
    current.current = entry;
    element.current?.scrollTo(0, placeOf<number>(entry, "page") ?? 0);
  }, [shown?.pathname, element]);
  useEffect(() => {
    current.current = entry;
  }, [entry]);
  useEffect(() => {
    const scrolled = element.current;
    const keep = () => keepPlace(current.current, "page", scrolled?.scrollTop ?? 0);
    scrolled?.addEventListener("scroll", keep, { passive: true });
    return () => scrolled?.removeEventListener("scroll", keep);
  }, [element]);
}
