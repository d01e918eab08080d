import { type RawSearch, textParam } from "@/lib/search-params";

export interface EventsSearch {
  search?: string;
  name?: string;
}

export function validateEventsSearch(raw: RawSearch): EventsSearch {
  return { search: textParam(raw, "search"), name: textParam(raw, "name") };
}
