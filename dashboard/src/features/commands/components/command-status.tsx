import { Ban, Check, Clock, Hourglass, LoaderCircle, type LucideIcon, Send, TimerOff, X } from "lucide-react";
import type { CommandRow, CommandStatus } from "@/api/contract";
import { cn } from "@/lib/cn";
import { words } from "@/lib/format";

const LOOKS: Record<CommandStatus, { icon: LucideIcon; tone: string }> = {
  queued: { icon: Clock, tone: "text-muted" },
  delivered: { icon: Send, tone: "text-muted" },
  running: { icon: LoaderCircle, tone: "text-accent" },
  succeeded: { icon: Check, tone: "text-ok" },
  failed: { icon: X, tone: "text-bad" },
  timed_out: { icon: TimerOff, tone: "text-bad" },
  cancelled: { icon: Ban, tone: "text-muted" },
  expired: { icon: Hourglass, tone: "text-warn" },
};

export function isActive({ status }: Pick<CommandRow, "status">): boolean {
  return status === "queued" || status === "delivered" || status === "running";
}

export function CommandStatusWord({
  command,
  className,
}: {
  command: Pick<CommandRow, "status" | "cancel_requested">;
  className?: string;
}) {
  const { icon: Icon, tone } = LOOKS[command.status] ?? LOOKS.queued;
  const cancelling = command.cancel_requested && isActive(command);
  return (
    <span className={cn("inline-flex items-center gap-1.5 text-sm", tone, className)}>
      <Icon aria-hidden="true" className={cn("size-3.5 shrink-0", command.status === "running" && "animate-spin")} />
      {cancelling ? "Cancelling" : words(command.status)}
    </span>
  );
}
