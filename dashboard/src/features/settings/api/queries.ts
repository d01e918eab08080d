import { queryOptions } from "@tanstack/react-query";
import type { PartnerSettings, Role, SettingsChange, SignInSession, UserRow } from "@/api/contract";
import { api, type Query } from "@/api/http";
import { listQuery } from "@/api/queries";

export const usersKey = ["users"] as const;

export function usersQuery(filter: Query) {
  return listQuery<UserRow>(usersKey, "/users", filter);
}

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: ({ signal }) => api.get<PartnerSettings>("/settings", undefined, signal),
});

export const signInsQuery = queryOptions({
  queryKey: ["sign-ins"],
  queryFn: ({ signal }) => api.get<{ items: SignInSession[] }>("/auth/sessions", undefined, signal),
});

export interface NewUser {
  email: string;
  name: string;
  role: Role;
  client_id?: string;
}

export const acts = {
  invite: (user: NewUser) => api.post<UserRow & { invitation_url: string }>("/users", user),
  inviteAgain: (id: string) => api.post<{ invitation_url: string }>(`/users/${id}/invitation`),
  changeUser: (id: string, part: { role?: Role; name?: string; client_id?: string | null; disabled?: boolean }) =>
    api.patch<UserRow>(`/users/${id}`, part),
  deleteUser: (id: string) => api.delete(`/users/${id}`),
  saveSettings: (settings: SettingsChange) => api.patch<PartnerSettings>("/settings", settings),
  endSignIn: (id: string) => api.post(`/auth/sessions/${id}/end`),
  changePassword: (current: string, chosen: string) =>
    api.post("/auth/password", { current_password: current, new_password: chosen }),
  signOutEverywhere: () => api.post("/auth/sign-out-everywhere"),
};
