import type { CommandRow } from "@/api/contract";

export interface RecentScript {
  shell: string;
  script: string;
}

/** The newest different scripts among commands that are sorted newest first. */
export function recentScripts(
  commands: readonly CommandRow[],
  shells: readonly string[],
  most: number,
): RecentScript[] {
  const found = new Map<string, RecentScript>();
  for (const { shell, script } of commands) {
    if (!shells.includes(shell)) continue;
    const key = `${shell}\n${script}`;
    if (!found.has(key)) found.set(key, { shell, script });
    if (found.size === most) break;
  }
  return [...found.values()];
}
