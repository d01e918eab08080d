import { type QueryKey, queryOptions, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import type { List, ListPath, RequestOf, RowOf } from "./paths";
import { readPage } from "./queries";

/** A page of a windowed list; a few of them cover any screen. */
export const WINDOW_ROWS = 100;
const AT_ONCE = 6;

export interface WindowedList<T> {
  /** How many rows the whole list has; null while nothing is known. */
  total: number | null;
  rowAt: (index: number) => T | undefined;
  indexOf: (id: string) => number;
  /** Tells which rows are on the screen; what is not there yet is asked for. */
  look: (first: number, last: number) => void;
  /** The rows from one place to another, asked for where they are not there. */
  between: (first: number, last: number) => Promise<T[]>;
  isPending: boolean;
  isFetching: boolean;
  error: Error | null;
  /** Another one when the list was asked for anew, be it by another name; not when one looks further. */
  readAt: string;
  /** Another one for another list. */
  name: string;
  refetch: () => void;
}

/** A list of the server that is looked at in any place: its scrollbar is that of the whole list. */
export function useWindowedList<P extends ListPath>(
  key: QueryKey,
  path: P,
  asked: Omit<RequestOf<P, "get">, "signal">,
  staleTime: number,
): WindowedList<RowOf<P> & { id: string }> {
  return useWindows<RowOf<P> & { id: string }>(key, path, asked, staleTime);
}

/** The same without a type for each path, which together would be too much for the compiler. */
function useWindows<T extends { id: string }>(
  key: QueryKey,
  path: ListPath,
  asked: object,
  staleTime: number,
): WindowedList<T> {
  const cache = useQueryClient();
  const name = JSON.stringify([key, asked]);
  const pageQuery = useCallback(
    (index: number) => windowQuery<T>(JSON.parse(name)[0], path, JSON.parse(name)[1], index, staleTime),
    [name, path, staleTime],
  );
  const [asks, setAsks] = useState(0);
  const [looked, setLooked] = useState({ first: 0, last: 0 });
  const indexes = useMemo(
    () => Array.from({ length: looked.last - looked.first + 1 }, (_, place) => looked.first + place),
    [looked],
  );
  const results = useQueries({ queries: indexes.map(pageQuery) });
  const read = new Map(indexes.map((index, place) => [index, results[place]?.data]));
  const known = results.find(({ data }) => data !== undefined)?.data?.total ?? null;
  const { pages, total } = useHeld({ name, pages: read, total: known });
  const rowAt = (index: number) => pages.get(Math.floor(index / WINDOW_ROWS))?.items[index % WINDOW_ROWS];
  const indexOf = (id: string) => {
    for (const [index, page] of pages) {
      const place = page?.items.findIndex((row) => row.id === id) ?? -1;
      if (place >= 0) return index * WINDOW_ROWS + place;
    }
    return -1;
  };
  const look = useCallback((first: number, last: number) => {
    const next = {
      first: Math.floor(Math.max(0, first) / WINDOW_ROWS),
      last: Math.floor(Math.max(0, last) / WINDOW_ROWS),
    };
    setLooked((before) => (before.first === next.first && before.last === next.last ? before : next));
  }, []);
  const between = useCallback(
    async (first: number, last: number) => {
      const from = Math.floor(first / WINDOW_ROWS);
      const wanted = Array.from({ length: Math.floor(last / WINDOW_ROWS) - from + 1 }, (_, place) => from + place);
      const found = new Map<number, T[]>();
      const rest = [...wanted];
      const worker = async () => {
        for (let index = rest.shift(); index !== undefined; index = rest.shift())
          found.set(
            index,
            (await cache.fetchQuery({ ...pageQuery(index), staleTime: Number.POSITIVE_INFINITY })).items,
          );
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      const all = wanted.flatMap((index) => found.get(index) ?? []);
      return all.slice(first - from * WINDOW_ROWS, last - from * WINDOW_ROWS + 1);
    },
    [cache, pageQuery],
  );
  return {
    total,
    rowAt,
    indexOf,
    look,
    between,
    isPending: total === null && results.some(({ isPending }) => isPending),
    isFetching: results.some(({ isFetching }) => isFetching),
    error: results.find(({ error }) => error !== null)?.error ?? null,
    readAt: `${asks} ${name}`,
    name,
    refetch: () => {
      const [listKey, { query = {} }] = JSON.parse(name) as [QueryKey, { query?: object }];
      void cache.invalidateQueries({ queryKey: [...listKey, query] });
      setAsks(asks + 1);
    },
  };
}

function windowQuery<T>(
  key: QueryKey,
  path: ListPath,
  asked: { query?: Record<string, unknown> },
  index: number,
  staleTime: number,
) {
  const { query = {}, ...rest } = asked;
  return queryOptions({
    queryKey: [...key, query, index],
    queryFn: ({ signal }) => {
      const window = { limit: WINDOW_ROWS, offset: index * WINDOW_ROWS };
      return readPage<T>(path, { ...rest, query: { ...query, ...window }, signal });
    },
    staleTime,
  });
}

interface Held<T> {
  name: string;
  pages: Map<number, List<T> | undefined>;
  total: number | null;
}

/** The list of before for as long as nothing is known of the new one, so that typing does not empty the table. */
function useHeld<T>(read: Held<T>): Held<T> {
  const held = useRef(read);
  if (read.total !== null) held.current = read;
  else if (held.current.name === read.name) held.current = { ...read, total: held.current.total };
  return held.current;
}
