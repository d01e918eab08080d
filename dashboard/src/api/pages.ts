/** Changes of what is cached page by page: rows change where they stand, none moves. */
import type { InfiniteData } from "@tanstack/react-query";
import type { List } from "./paths";

export type Pages<T> = InfiniteData<List<T>, string | undefined>;

/** What a message really says: a value it leaves out changes nothing. */
export function definedOnly<T extends object>(part: T): Partial<T> {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** The pages with some rows patched; the very same object when no row is concerned, so that nothing renders. */
export function patchPages<T extends { id: string }>(data: Pages<T> | undefined, patches: Map<string, Partial<T>>) {
  if (!data) return data;
  const pages = data.pages.map((page) => patchPage(page, patches));
  return pages.some((page, index) => page !== data.pages[index]) ? { ...data, pages } : data;
}

/** As `patchPages`, for one page; the rows that are not concerned stay the same objects. */
export function patchPage<P extends List<T>, T extends { id: string }>(page: P, patches: Map<string, Partial<T>>): P {
  if (!page.items.some((row) => patches.has(row.id))) return page;
  const patched = (row: T) => (patches.has(row.id) ? { ...row, ...patches.get(row.id) } : row);
  return { ...page, items: page.items.map(patched) };
}

/** One patch for each thing that was told of. */
export function patchesOf<T extends { id: string }>(things: readonly (Partial<T> & { id: string })[]) {
  return new Map<string, Partial<T>>(things.map((thing) => [thing.id, definedOnly(thing) as Partial<T>]));
}
