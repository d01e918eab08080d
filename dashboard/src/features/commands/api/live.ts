import type { QueryClient } from "@tanstack/react-query";
import type { CommandDetail, CommandRow } from "@/api/contract";
import { keys } from "@/api/keys";
import { type Invalidation, type LiveMessage, reducer } from "@/api/live-contribution";
import { definedOnly, type Pages, patchesOf, patchPages } from "@/api/pages";

/** How far a command is. */
export type LiveCommand = Pick<CommandRow, "id" | "agent_id" | "status"> &
  Partial<Pick<CommandRow, "exit_code" | "message" | "started_at" | "finished_at" | "duration_ms">>;

/** A piece of what a command says; pieces are numbered over both streams. */
export interface LiveOutput {
  id: string;
  seq: number;
  stream: "stdout" | "stderr";
  text: string;
  skipped: number;
}

declare module "@/api/live-contribution" {
  interface LiveMessages {
    command: { item: LiveCommand };
    output: LiveOutput;
  }
}

export function mergeCommands(cache: QueryClient, commands: readonly LiveCommand[]): void {
  const patches = patchesOf<CommandRow>(commands);
  cache.setQueriesData<Pages<CommandRow>>({ queryKey: keys.commandLists }, (data) => patchPages(data, patches));
  for (const item of commands) {
    cache.setQueryData<CommandDetail>(keys.command(item.id), (old) => (old ? { ...old, ...definedOnly(item) } : old));
  }
}

/** The beginning and the end of what a command says, for lists that show one line of it. */
export function mergeLines(cache: QueryClient, { id, seq, stream, text }: LiveOutput): void {
  const lines = text.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "");
  const [first, last] = [said[0], said.at(-1)];
  if (first === undefined || last === undefined) return;
  const patch: Partial<CommandRow> = {
    ...(seq === 0 && { first_line: first.slice(0, 200) }),
    ...(stream === "stderr" && { last_line: last.slice(-200) }),
  };
  if (Object.keys(patch).length === 0) return;
  const patches = new Map([[id, patch]]);
  cache.setQueriesData<Pages<CommandRow>>({ queryKey: keys.commandLists }, (data) => patchPages(data, patches));
}

export const reducers = [
  reducer({
    on: "command",
    things: ({ item }: LiveMessage<"command">) => [item],
    merge: mergeCommands,
    answers: "commands",
  }),
];

export const invalidations: Invalidation[] = [
  { after: ["command"], mark: [keys.commandLists], refetch: [keys.commandSums] },
];
