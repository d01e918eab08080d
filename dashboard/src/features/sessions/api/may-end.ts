import type { Me, TechSession } from "@/api/contract";

/** Whether somebody may end a tech session: their own always, another's only with the permission for that. */
export function mayEnd(me: Me, { opened_by, status }: TechSession): boolean {
  return status !== "closed" && (opened_by === me.email || me.permissions.includes("tunnel.end"));
}
