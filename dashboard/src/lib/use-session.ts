import { useCallback, useSyncExternalStore } from "react";
import type { Me, Tier } from "@/api/contract";
import { onSessionChange, type SessionState, sessionState } from "@/api/session";

export function useSession(): SessionState {
  return useSyncExternalStore(onSessionChange, sessionState);
}

/** Who is signed in; only for what is shown behind the sign-in. */
export function useMe(): Me {
  const session = useSession();
  if (session.me) return session.me;
  return NOBODY;
}

const OWN_WORDS: Record<Tier, string> = { partner: "Partner", client: "Client", site: "Site", agent: "Agent" };

// Signing out empties the session one render before the router leaves the page.
const NOBODY: Me = {
  user_id: "",
  email: "",
  name: "",
  role: "client_contact",
  tenant_id: null,
  partner_name: null,
  client_id: null,
  permissions: [],
  partners: [],
  labels: OWN_WORDS,
};

export function useCan(permission: string): boolean {
  return useMe().permissions.includes(permission);
}

export function pluralOf(word: string): string {
  if (/[^aeiou]y$/i.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`;
}

/** A tier in the words of the Partner one is in: `labelOf(me, "client")`, `labelOf(me, "client", 2)`. */
export function labelOf({ labels }: Pick<Me, "labels">, tier: Tier, count = 1): string {
  const word = labels[tier] ?? OWN_WORDS[tier];
  return count === 1 ? word : pluralOf(word);
}

/** `labelOf` for whoever is signed in. */
export function useLabel(): (tier: Tier, count?: number) => string {
  const { labels } = useMe();
  return useCallback((tier, count) => labelOf({ labels }, tier, count), [labels]);
}
