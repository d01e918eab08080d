import type { CommandRow } from "@/api/contract";
import { cn } from "@/lib/cn";
import { clock, elapsed } from "@/lib/format";
import { serverNow } from "@/lib/use-now";
import { useTick } from "@/lib/use-tick";

/** How long a command took; while it runs, how long it has been running. */
export function Took({
  command,
  className,
}: {
  command: Pick<CommandRow, "status" | "started_at" | "duration_ms">;
  className?: string;
}) {
  const since = command.status === "running" ? command.started_at : null;
  useTick(1000, since !== null);
  const text =
    since !== null
      ? clock(serverNow() - new Date(since).getTime())
      : command.duration_ms === null
        ? "–"
        : elapsed(command.duration_ms);
  return <span className={cn("font-mono", className)}>{text}</span>;
}
