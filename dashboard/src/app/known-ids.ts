import { notFound } from "@tanstack/react-router";
import { isId } from "@/lib/search-params";

/** For a route's loader: an address whose ids are none shows the not-found page, and nothing is asked for. */
export function knownIds(params: object): void {
  if (!Object.values(params).every(isId)) throw notFound();
}
