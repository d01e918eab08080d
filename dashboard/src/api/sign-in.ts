/**
 * Who is signed in, for the whole tab. The access token lives in this module's memory and nowhere else;
 * the refresh cookie is the browser's and can't be read from here.
 */
import type { Me, Problem, SignedIn } from "./contract";
import { ApiError } from "./errors";
import type { AnswerOf } from "./paths";

export type SignInState =
  | { status: "unknown"; me: null }
  | { status: "signed-out"; me: null; byChoice: boolean }
  | { status: "signed-in"; me: Me };

const RENEW_BEFORE_MS = 15_000;
/** A cookie beside that of the sign-in, which says no more than that there is one: without it nobody needs to be asked. */
const HERE = "gururmm_here";
const HERE_S = 30 * 86_400; // as long as a sign-in lasts at most

let state: SignInState = { status: "unknown", me: null };
let token: { value: string; renewAt: number } | null = null;
let refreshing: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

declare global {
  interface Window {
    /** The first renewal's answer, which `public/first.js` asks for before this script is there. */
    refreshedEarly?: Promise<Response>;
  }
}

export function signInState(): SignInState {
  return state;
}

export function onSignInChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: SignInState): void {
  state = next;
  for (const listener of listeners) listener();
}

/** Takes over the answer of sign-in, refresh, switch-partner, enter, leave or an invitation. */
export function adopt(answer: SignedIn): void {
  token = { value: answer.access_token, renewAt: performance.now() + answer.expires_in * 1000 - RENEW_BEFORE_MS };
  mark(HERE_S);
  change({ status: "signed-in", me: answer.me });
}

function mark(seconds: number): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the store of cookies is not there on plain http
  document.cookie = `${HERE}=1; path=/; max-age=${seconds}; samesite=strict`;
}

/** Finds out who is signed in on this browser. */
export async function recall(): Promise<void> {
  if (state.status !== "unknown") return;
  if (document.cookie.includes(`${HERE}=`)) await refresh();
  else forget();
}

/** Nobody is signed in any more: it ran out, or (`byChoice`) they signed out and want no way back to this page. */
export function forget(byChoice = false): void {
  token = null;
  mark(0);
  change({ status: "signed-out", me: null, byChoice });
}

/** A token that is good for some seconds more, or null when nobody is signed in. */
export async function accessToken(): Promise<string | null> {
  if (token && performance.now() < token.renewAt) return token.value;
  if (state.status === "signed-out") return null;
  await refresh();
  return token?.value ?? null;
}

/**
 * Renews the token through the cookie; callers at the same time share one request. False when the cookie is no
 * longer good. Throws when the server can't be asked: then nothing is known, and nobody is signed out.
 */
export function refresh(): Promise<boolean> {
  refreshing ??= acrossTabs(askForToken).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

// Tabs share the cookie, and using a rotated one twice ends the sign-in: one tab asks at a time.
function acrossTabs(work: () => Promise<boolean>): Promise<boolean> {
  if (!navigator.locks) return work();
  let answer = false;
  return navigator.locks
    .request("gururmm.refresh", async () => {
      answer = await work();
    })
    .then(() => answer);
}

async function askForToken(): Promise<boolean> {
  const early = window.refreshedEarly;
  window.refreshedEarly = undefined;
  const asked = early ?? fetch("/api/v1/auth/refresh", { method: "POST", credentials: "same-origin" });
  const response = await asked.catch(() => null);
  if (response === null) throw new ApiError(0, { code: "unreachable" });
  if (response.ok) {
    adopt((await response.json()) as AnswerOf<"/auth/refresh", "post">);
    return true;
  }
  if (response.status === 401 || response.status === 403) {
    forget();
    return false;
  }
  throw new ApiError(response.status, (await response.json().catch(() => ({}))) as Partial<Problem>);
}
