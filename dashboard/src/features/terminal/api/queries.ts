import type { Ticket, TunnelOpened } from "@/api/contract";
import { api } from "@/api/http";

export function openTunnel(agentId: string, columns: number, rows: number): Promise<TunnelOpened> {
  return api.post("/tunnel/open", { agent_id: agentId, columns, rows, shell: "" });
}

export function freshTicket(sessionId: string): Promise<Ticket> {
  return api.post(`/tunnel/ticket/${sessionId}`);
}

export function closeTunnel(sessionId: string): Promise<unknown> {
  return api.post(`/tunnel/close/${sessionId}`);
}
