import { type QueryClient, queryOptions } from "@tanstack/react-query";
import type { CommandDetail, CommandRow, NewCommand } from "@/api/contract";
import { api, type Query } from "@/api/http";
import { keys } from "@/api/live-cache";
import { listQuery } from "@/api/queries";

export function commandsQuery(filter: Query, limit?: number) {
  return listQuery<CommandRow>(keys.commandLists, "/commands", filter, limit);
}

export function commandQuery(id: string) {
  return queryOptions({
    queryKey: keys.command(id),
    queryFn: ({ signal }) => api.get<CommandDetail>(`/commands/${id}`, undefined, signal),
    staleTime: 2000,
  });
}

export function runCommand(command: NewCommand): Promise<{ items: CommandRow[] }> {
  return api.post("/commands", command);
}

export function cancelCommand(id: string): Promise<CommandRow> {
  return api.post(`/commands/${id}/cancel`);
}

export function deleteCommand(id: string): Promise<void> {
  return api.delete(`/commands/${id}`);
}

export function clearFinished(agentId: string | null): Promise<{ deleted: number }> {
  return api.post("/commands/clear", { agent_id: agentId });
}

export function refreshCommands(cache: QueryClient, id?: string): Promise<unknown> {
  const stale: (readonly unknown[])[] = [keys.commandLists, keys.overview];
  if (id) stale.push(keys.command(id));
  return Promise.all(stale.map((queryKey) => cache.invalidateQueries({ queryKey })));
}
