import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api } from "@/api/http";
import { keys } from "@/api/keys";
import type { BodyOf, QueryOf } from "@/api/paths";
import { listQuery } from "@/api/queries";

const client = (id: string) => ({ client_id: id });
const site = (id: string) => ({ site_id: id });

export function clientsQuery(query: QueryOf<"/clients">) {
  return listQuery([...keys.clients, "list"], "/clients", { query });
}

export function clientQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.clients, "detail", id],
    queryFn: ({ signal }) => api.get("/clients/{client_id}", { path: client(id), signal }),
  });
}

export function sitesQuery(query: QueryOf<"/sites">) {
  return listQuery([...keys.sites, "list"], "/sites", { query });
}

export function siteQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.sites, "detail", id],
    queryFn: ({ signal }) => api.get("/sites/{site_id}", { path: site(id), signal }),
  });
}

export function codesQuery(siteId: string) {
  return queryOptions({
    queryKey: [...keys.sites, "codes", siteId],
    queryFn: ({ signal }) => api.get("/sites/{site_id}/codes", { path: site(siteId), signal }),
  });
}

type CodeLimits = BodyOf<"/sites/{site_id}/codes", "post">;

/** Makes a Site that machines can be added to at once: with a code without limits, where somebody may make one. */
async function createSite(clientId: string, name: string, withCode: boolean) {
  const made = await api.post("/sites", { body: { client_id: clientId, name } });
  // The Site is there; without its code its page offers to make one.
  if (withCode) await acts.createCode(made.id, { expires_in_h: null, max_uses: null }).catch(() => undefined);
  return made;
}

export const acts = {
  createClient: (name: string) => api.post("/clients", { body: { name } }),
  renameClient: (id: string, name: string) => api.patch("/clients/{client_id}", { path: client(id), body: { name } }),
  deleteClient: (id: string) => api.delete("/clients/{client_id}", { path: client(id) }),
  createSite,
  renameSite: (id: string, name: string) => api.patch("/sites/{site_id}", { path: site(id), body: { name } }),
  deleteSite: (id: string) => api.delete("/sites/{site_id}", { path: site(id) }),
  createCode: (siteId: string, limits: CodeLimits) =>
    api.post("/sites/{site_id}/codes", { path: site(siteId), body: limits }),
  rotateCodes: (siteId: string, limits: CodeLimits) =>
    api.post("/sites/{site_id}/codes/rotate", { path: site(siteId), body: limits }),
  revokeCode: (siteId: string, codeId: string) =>
    api.post("/sites/{site_id}/codes/{code_id}/revoke", { path: { site_id: siteId, code_id: codeId } }),
};

export function refreshPlaces(cache: QueryClient): Promise<unknown> {
  return Promise.all(
    [keys.clients, keys.sites, keys.tree, keys.overview].map((queryKey) => cache.invalidateQueries({ queryKey })),
  );
}
