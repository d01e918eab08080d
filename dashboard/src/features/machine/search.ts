import type { SortOf } from "@/api/paths";
import { choiceParam, numberParam, type RawSearch, searchParam, sortParam, textParam } from "@/lib/search-params";

export const RANGES = ["1h", "6h", "24h", "7d", "30d", "1y"] as const;
export type Range = (typeof RANGES)[number];

export interface OverviewSearch {
  range?: Range;
  /** A stretch brushed on a chart, in Unix seconds; wins over `range`. */
  from?: number;
  to?: number;
}

export function validateOverviewSearch(raw: RawSearch): OverviewSearch {
  const from = numberParam(raw, "from");
  const to = numberParam(raw, "to");
  const brushed = from !== undefined && to !== undefined && to > from;
  return { range: choiceParam(raw, "range", RANGES), from: brushed ? from : undefined, to: brushed ? to : undefined };
}

const PROCESS_SORTS = ["cpu", "rss", "read", "write", "pid", "name", "user", "started"] as const;
/** What processes are sorted by; the browser does it, in what the machine told. */
export type ProcessColumn = (typeof PROCESS_SORTS)[number];
export type ProcessSort = ProcessColumn | `-${ProcessColumn}`;

export interface ProcessesSearch {
  search?: string;
  sort?: ProcessSort;
}

export function validateProcessesSearch(raw: RawSearch): ProcessesSearch {
  return { search: searchParam(raw), sort: sortParam(raw, PROCESS_SORTS) };
}

export interface StorageSearch {
  path?: string;
}

export function validateStorageSearch(raw: RawSearch): StorageSearch {
  return { path: textParam(raw, "path") };
}

export interface SoftwareSearch {
  search?: string;
  sort?: SortOf<"/agents/{agent_id}/software">;
}

export function validateSoftwareSearch(raw: RawSearch): SoftwareSearch {
  return { search: searchParam(raw), sort: sortParam(raw, ["name", "version"]) };
}

export interface HistorySearch {
  section?: string;
  search?: string;
}

export function validateHistorySearch(raw: RawSearch): HistorySearch {
  return { section: textParam(raw, "section"), search: searchParam(raw) };
}
