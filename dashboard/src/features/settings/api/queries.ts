import { queryOptions } from "@tanstack/react-query";
import type { SettingsChange } from "@/api/contract";
import { api } from "@/api/http";
import type { BodyOf, QueryOf } from "@/api/paths";
import { listQuery } from "@/api/queries";

export const usersKey = ["users"] as const;

export function usersQuery(query: QueryOf<"/users">) {
  return listQuery(usersKey, "/users", { query });
}

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: ({ signal }) => api.get("/settings", { signal }),
});

export const usageQuery = queryOptions({
  queryKey: ["usage"],
  queryFn: ({ signal }) => api.get("/usage", { signal }),
});

export const signInsKey = ["sign-ins"] as const;

export const signInsQuery = listQuery(signInsKey, "/auth/sessions", {}, 50);

const user = (id: string) => ({ user_id: id });

export const acts = {
  invite: (body: BodyOf<"/users", "post">) => api.post("/users", { body }),
  inviteAgain: (id: string) => api.post("/users/{user_id}/invitation", { path: user(id) }),
  changeUser: (id: string, body: BodyOf<"/users/{user_id}", "patch">) =>
    api.patch("/users/{user_id}", { path: user(id), body }),
  deleteUser: (id: string) => api.delete("/users/{user_id}", { path: user(id) }),
  saveSettings: (body: SettingsChange) => api.patch("/settings", { body }),
  endSignIn: (id: string) => api.post("/auth/sessions/{session_id}/end", { path: { session_id: id } }),
  changePassword: (current: string, chosen: string) =>
    api.post("/auth/password", { body: { current_password: current, new_password: chosen } }),
  signOutEverywhere: () => api.post("/auth/sign-out-everywhere"),
};
