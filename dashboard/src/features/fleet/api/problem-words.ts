import type { AgentRow } from "@/api/contract";
import { percent, words } from "@/lib/format";

type Problems = Pick<AgentRow, "problems" | "disk_percent" | "memory_percent" | "status">;

/** What is wrong with a machine, with the reading behind it where there is one: "Disk 96 % full, memory 97 %". */
export function problemWords({ problems, disk_percent: disk, memory_percent: memory, status }: Problems): string {
  const then = status === "offline" ? "was " : ""; // its last reading is no news
  const said = problems.map((problem) => {
    if (problem === "disk_full" && disk !== null) return `Disk ${then}${percent(disk)} full`;
    if (problem === "memory_high" && memory !== null) return `Memory ${then}${percent(memory)}`;
    return words(problem);
  });
  return said.join(", ");
}
