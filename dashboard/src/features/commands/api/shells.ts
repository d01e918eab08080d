/** Which shells a run can choose from: those of the systems that its machines have. */

/** Long enough for maintenance; what hangs is ended all the same. */
export const DEFAULT_LIMIT_S = 3600;

const UNIX = ["sh", "bash", "python3"] as const;
const WINDOWS = ["powershell", "cmd", "python"] as const;
export type Shell = (typeof UNIX)[number] | (typeof WINDOWS)[number];

export interface ShellGroup {
  system: string;
  shells: readonly Shell[];
}

/** How many machines there are of each family of systems. */
export type BySystem = Partial<Record<"linux" | "windows" | "macos" | "other", number>>;

/** The shells by system, those of most machines first; all of them before anything is known. */
export function shellsFor(bySystem: BySystem | undefined): ShellGroup[] {
  const windows = bySystem?.windows ?? 0;
  const unix = Object.values(bySystem ?? {}).reduce((sum, value) => sum + value, 0) - windows;
  const groups: (ShellGroup & { machines: number })[] = [
    { system: "Linux and macOS", shells: UNIX, machines: unix },
    { system: "Windows", shells: WINDOWS, machines: windows },
  ];
  if (bySystem === undefined) return groups;
  const shown = groups.filter(({ machines }) => machines > 0).sort((a, b) => b.machines - a.machines);
  return shown.length > 0 ? shown : groups.slice(0, 1);
}

/** How many of the machines do not have a shell. */
export function withoutShell(bySystem: BySystem, shell: string): number {
  const windows = bySystem.windows ?? 0;
  const all = Object.values(bySystem).reduce((sum, value) => sum + value, 0);
  return (WINDOWS as readonly string[]).includes(shell) ? all - windows : windows;
}
