import type { Invitation, SignIn } from "@/api/contract";
import { requestAnonymous } from "@/api/http";

export function signIn(email: string, password: string): Promise<SignIn> {
  return requestAnonymous("POST", "/auth/sign-in", { email, password });
}

export function readInvitation(token: string): Promise<Invitation> {
  return requestAnonymous("GET", `/auth/invitation/${encodeURIComponent(token)}`);
}

export function acceptInvitation(token: string, password: string, name: string): Promise<SignIn> {
  return requestAnonymous("POST", `/auth/invitation/${encodeURIComponent(token)}`, { password, name });
}
