import { notFound } from "@tanstack/react-router";
import { isId } from "@/lib/search-params";

/**
 * For a route's loader: where a parameter that is called an id (`agentId`) is none, the not-found page is shown, and
 * nothing is asked for.
 */
export function knownIds(params: object): void {
  const ids = Object.entries(params).filter(([name]) => name.endsWith("Id"));
  if (!ids.every(([, value]) => isId(value))) throw notFound();
}
