import { api } from "@/api/http";

export const openTunnel = (agentId: string, columns: number, rows: number) =>
  api.post("/tunnel/open", { body: { agent_id: agentId, columns, rows, shell: "", reason: "" } });

export const freshTicket = (sessionId: string) =>
  api.post("/tunnel/ticket/{session_id}", { path: { session_id: sessionId } });

/** One's own sessions that are open. */
export const ownSessions = () => api.get("/tunnel/own");

export const closeTunnel = (sessionId: string) =>
  api.post("/tunnel/close/{session_id}", { path: { session_id: sessionId } });
