import { type QueryClient, queryOptions } from "@tanstack/react-query";
import type { NewCommand, RunPreview } from "@/api/contract";
import { api } from "@/api/http";
import { keys } from "@/api/keys";
import type { QueryOf } from "@/api/paths";
import { listQuery } from "@/api/queries";
import type { MachineTarget } from "@/features/define-feature";

export function commandsQuery(query: QueryOf<"/commands">, limit?: number) {
  return listQuery(keys.commandLists, "/commands", { query }, limit);
}

export function commandQuery(id: string) {
  return queryOptions({
    queryKey: keys.command(id),
    queryFn: ({ signal }) => api.get("/commands/{command_id}", { path: { command_id: id }, signal }),
    staleTime: 2000,
  });
}

/** The machines of a run, as the server is told of them. */
export function targetBody(target: MachineTarget): Pick<NewCommand, "agent_ids" | "filter"> {
  if (target.kind === "filter") return { filter: { ...target.filter, q: target.filter.q ?? "", search: "" } };
  return { agent_ids: target.agents.map((agent) => agent.id) };
}

/** What a run would touch. */
export function previewQuery(target: MachineTarget) {
  const body = targetBody(target);
  return queryOptions({
    queryKey: ["commands", "preview", body],
    queryFn: ({ signal }): Promise<RunPreview> => api.post("/commands/preview", { body, signal }),
    staleTime: 5000,
  });
}

export function sumsQuery(batchId: string) {
  return queryOptions({
    queryKey: [...keys.commandSums, batchId],
    queryFn: ({ signal }) => api.get("/commands/sums", { query: { batch_id: batchId }, signal }),
  });
}

export const runCommand = (command: NewCommand) => api.post("/commands", { body: command });

export const cancelCommand = (id: string) => api.post("/commands/{command_id}/cancel", { path: { command_id: id } });

export const deleteCommand = (id: string) => api.delete("/commands/{command_id}", { path: { command_id: id } });

export const clearFinished = (agentId: string | null) => api.post("/commands/clear", { body: { agent_id: agentId } });

export function refreshCommands(cache: QueryClient, id?: string): Promise<unknown> {
  const stale: (readonly unknown[])[] = [keys.commandLists, keys.commandSums, keys.overview];
  if (id) stale.push(keys.command(id));
  return Promise.all(stale.map((queryKey) => cache.invalidateQueries({ queryKey })));
}
