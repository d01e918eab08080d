import { type QueryClient, queryOptions } from "@tanstack/react-query";
import type { ClientRow, SiteCode, SiteRow } from "@/api/contract";
import { api, type Query } from "@/api/http";
import { keys } from "@/api/live-cache";
import { listQuery } from "@/api/queries";

export function clientsQuery(filter: Query) {
  return listQuery<ClientRow>([...keys.clients, "list"], "/clients", filter);
}

export function clientQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.clients, "detail", id],
    queryFn: ({ signal }) => api.get<ClientRow>(`/clients/${id}`, undefined, signal),
  });
}

export function sitesQuery(filter: Query) {
  return listQuery<SiteRow>([...keys.sites, "list"], "/sites", filter);
}

export function siteQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.sites, "detail", id],
    queryFn: ({ signal }) => api.get<SiteRow>(`/sites/${id}`, undefined, signal),
  });
}

export function codesQuery(siteId: string) {
  return queryOptions({
    queryKey: [...keys.sites, "codes", siteId],
    queryFn: ({ signal }) => api.get<{ items: SiteCode[] }>(`/sites/${siteId}/codes`, undefined, signal),
  });
}

export interface CodeLimits {
  expires_in_h: number | null;
  max_uses: number | null;
}

export const acts = {
  createClient: (name: string) => api.post<ClientRow>("/clients", { name }),
  renameClient: (id: string, name: string) => api.patch<ClientRow>(`/clients/${id}`, { name }),
  deleteClient: (id: string) => api.delete(`/clients/${id}`),
  createSite: (clientId: string, name: string) => api.post<SiteRow>("/sites", { client_id: clientId, name }),
  renameSite: (id: string, name: string) => api.patch<SiteRow>(`/sites/${id}`, { name }),
  deleteSite: (id: string) => api.delete(`/sites/${id}`),
  createCode: (siteId: string, limits: CodeLimits) => api.post<SiteCode>(`/sites/${siteId}/codes`, limits),
  rotateCodes: (siteId: string, limits: CodeLimits) => api.post<SiteCode>(`/sites/${siteId}/codes/rotate`, limits),
  revokeCode: (siteId: string, codeId: string) => api.post(`/sites/${siteId}/codes/${codeId}/revoke`),
};

export function refreshPlaces(cache: QueryClient): Promise<unknown> {
  return Promise.all(
    [keys.clients, keys.sites, keys.tree, keys.overview].map((queryKey) => cache.invalidateQueries({ queryKey })),
  );
}
