import type { AgentStatus } from "@/api/contract";
import { cn } from "@/lib/cn";

/** A machine's state: the same sign everywhere. Filled and round when online, a hollow ring when offline. */
export function StateDot({ status, className }: { status: AgentStatus; className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={cn(
        "inline-block size-2 shrink-0 rounded-full",
        status === "online" ? "bg-ok" : "border-[1.5px] border-muted bg-transparent",
        className,
      )}
    />
  );
}

export function StateWord({ status, className }: { status: AgentStatus; className?: string }) {
  return (
    <span className={cn("inline-flex items-center gap-2 text-sm", className)}>
      <StateDot status={status} />
      <span className={status === "online" ? "text-ink" : "text-muted"}>
        {status === "online" ? "Online" : "Offline"}
      </span>
    </span>
  );
}
