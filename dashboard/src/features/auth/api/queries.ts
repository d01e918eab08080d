import { anonymousApi } from "@/api/http";

export const signIn = (email: string, password: string) =>
  anonymousApi.post("/auth/sign-in", { body: { email, password } });

export const readInvitation = (token: string) => anonymousApi.get("/auth/invitation/{token}", { path: { token } });

export const acceptInvitation = (token: string, password: string, name: string) =>
  anonymousApi.post("/auth/invitation/{token}", { path: { token }, body: { password, name } });
