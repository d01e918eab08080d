import { api } from "@/api/http";
import type { QueryOf } from "@/api/paths";
import { listQuery } from "@/api/queries";

export const partnersKey = ["partners"] as const;

export function partnersQuery(query: QueryOf<"/platform/partners">) {
  return listQuery(partnersKey, "/platform/partners", { query });
}

export const createPartner = (name: string, adminEmail: string) =>
  api.post("/platform/partners", { body: { name, ...(adminEmail !== "" && { admin_email: adminEmail }) } });

export const enterPartner = (id: string, reason: string) =>
  api.post("/platform/partners/{partner_id}/enter", { path: { partner_id: id }, body: { reason } });
