import type { SecondStep, SignedIn } from "@/api/contract";
import { anonymousApi } from "@/api/http";
import { askPasskey, type PasskeyAnswer } from "@/lib/passkeys";

export const signIn = (email: string, password: string) =>
  anonymousApi.post("/auth/sign-in", { body: { email, password } });

/** Whether the password was right and a second factor is asked for. */
export const isSecondStep = (answer: SignedIn | SecondStep): answer is SecondStep => "step_token" in answer;

export const finishSignIn = (stepToken: string, given: { code: string } | { passkey: PasskeyAnswer }) =>
  anonymousApi.post("/auth/second-step", { body: { step_token: stepToken, ...given } });

export async function signInByPasskey(): Promise<SignedIn> {
  const { options } = await anonymousApi.post("/auth/passkey/options");
  return anonymousApi.post("/auth/passkey", { body: { credential: await askPasskey(options) } });
}

export const readInvitation = (token: string) => anonymousApi.get("/auth/invitation/{token}", { path: { token } });

export const judgePassword = (token: string, password: string) =>
  anonymousApi.post("/auth/invitation/{token}/strength", { path: { token }, body: { password } });

export const acceptInvitation = (token: string, password: string, name: string) =>
  anonymousApi.post("/auth/invitation/{token}", { path: { token }, body: { password, name } });
