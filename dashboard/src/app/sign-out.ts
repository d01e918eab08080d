import { api } from "@/api/http";
import { forget } from "@/api/sign-in";
import { notifyError } from "@/components/notify";

export function signOut(): Promise<void> {
  return api.post("/auth/sign-out").then(
    () => forget(true),
    (error) => notifyError("You are still signed in.", error),
  );
}
