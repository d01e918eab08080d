import type { AgentRow } from "@/api/contract";

const PLAIN: Record<string, string> = {
  disk_full: "Its disk is nearly full",
  memory_high: "It is short of memory",
  offline_long: "Not seen for days",
};

/** What is wrong with a computer, for somebody who is no technician; null when nothing is. */
export function problemInPlainWords(problems: AgentRow["problems"]): string | null {
  const [first] = problems;
  return first === undefined ? null : (PLAIN[first] ?? "Needs a look");
}
