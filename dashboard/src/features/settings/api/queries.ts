import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/http";
import type { BodyOf, QueryOf } from "@/api/paths";
import { listQuery } from "@/api/queries";
import { makePasskey } from "@/lib/passkeys";

export const usersKey = ["users"] as const;

export function usersQuery(query: QueryOf<"/users">) {
  return listQuery(usersKey, "/users", { query });
}

/** For whom something is set: for everybody, for one's Partner, or for a Site of it. */
export type Place = { level: "platform" } | { level: "partner" } | { level: "site"; siteId: string };

/** New values by the settings' keys; null takes the one away that is set there. */
export type Changes = Record<string, string | number | null>;

export function settingsQuery(place: Place) {
  return queryOptions({
    queryKey: ["settings", place.level, "siteId" in place ? place.siteId : ""],
    queryFn: ({ signal }) => {
      if (place.level === "site") return api.get("/sites/{site_id}/settings", { path: siteOf(place), signal });
      return place.level === "platform" ? api.get("/platform/settings", { signal }) : api.get("/settings", { signal });
    },
  });
}

const siteOf = ({ siteId }: { siteId: string }) => ({ site_id: siteId });

export const usageQuery = queryOptions({
  queryKey: ["usage"],
  queryFn: ({ signal }) => api.get("/usage", { signal }),
});

export const signInsKey = ["sign-ins"] as const;

export const signInsQuery = listQuery(signInsKey, "/auth/sessions", {}, 50);

export const factorsKey = ["factors"] as const;

export const factorsQuery = queryOptions({
  queryKey: factorsKey,
  queryFn: ({ signal }) => api.get("/auth/factors", { signal }),
});

export const signInRulesQuery = queryOptions({
  queryKey: ["sign-in-rules"],
  queryFn: ({ signal }) => api.get("/sign-in-rules", { signal }),
});

const user = (id: string) => ({ user_id: id });

export const acts = {
  invite: (body: BodyOf<"/users", "post">) => api.post("/users", { body }),
  inviteAgain: (id: string) => api.post("/users/{user_id}/invitation", { path: user(id) }),
  changeUser: (id: string, body: BodyOf<"/users/{user_id}", "patch">) =>
    api.patch("/users/{user_id}", { path: user(id), body }),
  deleteUser: (id: string) => api.delete("/users/{user_id}", { path: user(id) }),
  saveSettings: (place: Place, changes: Changes) => {
    // Which settings there are is the server's to say, and grows with its components: the page knows their kinds alone.
    const body = changes as object;
    if (place.level === "site") return api.patch("/sites/{site_id}/settings", { path: siteOf(place), body });
    return place.level === "platform" ? api.patch("/platform/settings", { body }) : api.patch("/settings", { body });
  },
  resetFactors: (id: string) => api.post("/users/{user_id}/factors/reset", { path: user(id) }),
  beginTotp: () => api.post("/auth/factors/totp"),
  confirmTotp: (code: string) => api.post("/auth/factors/totp/confirm", { body: { code } }),
  removeTotp: () => api.delete("/auth/factors/totp"),
  newRecoveryCodes: () => api.post("/auth/factors/recovery-codes"),
  addPasskey: async (name: string) => {
    const { options } = await api.post("/auth/factors/passkeys/options");
    return api.post("/auth/factors/passkeys", { body: { name, credential: await makePasskey(options) } });
  },
  removePasskey: (id: string) => api.delete("/auth/factors/passkeys/{passkey_id}", { path: { passkey_id: id } }),
  changeSignInRules: (secondFactor: boolean) => api.patch("/sign-in-rules", { body: { second_factor: secondFactor } }),
  endSignIn: (id: string) => api.post("/auth/sessions/{session_id}/end", { path: { session_id: id } }),
  judgePassword: (password: string) => api.post("/auth/password/strength", { body: { password } }),
  changePassword: (current: string, chosen: string) =>
    api.post("/auth/password", { body: { current_password: current, new_password: chosen } }),
  signOutEverywhere: () => api.post("/auth/sign-out-everywhere"),
};
