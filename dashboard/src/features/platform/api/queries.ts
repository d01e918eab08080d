import type { PartnerRow, SignIn } from "@/api/contract";
import { api, type Query } from "@/api/http";
import { listQuery } from "@/api/queries";

export const partnersKey = ["partners"] as const;

export function partnersQuery(filter: Query) {
  return listQuery<PartnerRow>(partnersKey, "/platform/partners", filter);
}

export function createPartner(
  name: string,
  adminEmail: string,
): Promise<PartnerRow & { invitation_url: string | null }> {
  return api.post("/platform/partners", { name, ...(adminEmail !== "" && { admin_email: adminEmail }) });
}

export function enterPartner(id: string, reason: string): Promise<SignIn> {
  return api.post(`/platform/partners/${id}/enter`, { reason });
}
