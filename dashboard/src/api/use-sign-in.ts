import { useCallback, useSyncExternalStore } from "react";
import { pluralOf } from "@/lib/format";
import type { Me, Role, Tier } from "./contract";
import { onSignInChange, type SignInState, signInState } from "./sign-in";

export function useSignIn(): SignInState {
  return useSyncExternalStore(onSignInChange, signInState);
}

/** Who is signed in; only for what is shown behind the sign-in. */
export function useMe(): Me {
  return useSignIn().me ?? NOBODY;
}

const OWN_WORDS: Record<Tier, string> = { partner: "Partner", client: "Client", site: "Site", agent: "Agent" };

// Signing out empties the sign-in one render before the router leaves the page.
const NOBODY: Me = {
  user_id: "",
  email: "",
  name: "",
  role: "client_contact",
  tenant_id: null,
  partner_name: null,
  client_id: null,
  permissions: [],
  needs_factor: false,
  partners: [],
  labels: OWN_WORDS,
};

export function useCan(permission: string): boolean {
  return useMe().permissions.includes(permission);
}

/** A tier in the words of the Partner one is in: `labelOf(me, "client")`, `labelOf(me, "client", 2)`. */
export function labelOf({ labels }: Pick<Me, "labels">, tier: Tier, count = 1): string {
  const word = labels[tier] ?? OWN_WORDS[tier];
  return count === 1 ? word : pluralOf(word);
}

/** A role in the words of the Partner: "Client contact", or "Customer contact" where that is what they say. */
export function roleOf(labels: Pick<Me, "labels">, role: Role): string {
  const words: Record<Role, string> = {
    platform_admin: "Platform admin",
    partner_admin: `${labelOf(labels, "partner")} admin`,
    partner_tech: `${labelOf(labels, "partner")} tech`,
    client_contact: `${labelOf(labels, "client")} contact`,
  };
  return words[role];
}

/** `labelOf` for whoever is signed in. */
export function useLabel(): (tier: Tier, count?: number) => string {
  const { labels } = useMe();
  return useCallback((tier, count) => labelOf({ labels }, tier, count), [labels]);
}
