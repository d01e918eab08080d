import { useLiveStatus, useReconnectNow } from "@/api/live";
import { cn } from "@/lib/cn";
import { clock } from "@/lib/format";
import { useTick } from "@/lib/use-tick";

const RED_AFTER_MS = 10_000;

/** The live connection's state: small and quiet, red only when it has been away for 10 s. */
export function ConnectionChip() {
  const { state, lostAt } = useLiveStatus();
  const nudge = useReconnectNow();
  const now = useTick(1000, lostAt !== null);
  const away = lostAt === null ? 0 : Math.max(0, now - lostAt);
  const late = away > RED_AFTER_MS;
  const text =
    state === "open" ? "Live" : lostAt === null ? "Connecting" : late ? `Not live for ${clock(away)}` : "Reconnecting";
  return (
    <button
      type="button"
      onClick={nudge}
      disabled={state === "open"}
      title={
        state === "open"
          ? "Changes arrive by themselves."
          : "What you see is the last known state. Click to try again now."
      }
      className={cn(
        "inline-flex h-7 items-center gap-1.5 rounded-full px-2.5 text-xs",
        late ? "border border-bad/50 text-bad" : "text-muted",
      )}
    >
      <span
        aria-hidden="true"
        className={cn("size-1.5 rounded-full", state === "open" ? "bg-ok" : late ? "bg-bad" : "bg-warn")}
      />
      <span role="status">{text}</span>
    </button>
  );
}
