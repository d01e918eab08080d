import { type RawSearch, textParam } from "@/lib/search-params";

export interface EventsSearch {
  name?: string;
}

export function validateEventsSearch(raw: RawSearch): EventsSearch {
  return { name: textParam(raw, "name") };
}
