import { PlugZap } from "lucide-react";
import { ApiError } from "@/api/errors";
import { Button } from "@/components/button";
import { EmptyState, ErrorState } from "@/components/states";

/** Why a question to the machine itself got no answer. */
export function LiveError({ error, what, onRetry }: { error: unknown; what: string; onRetry: () => void }) {
  const code = error instanceof ApiError ? error.code : "";
  if (code === "agent_offline") {
    return (
      <EmptyState icon={PlugZap} act={<Button onClick={onRetry}>Ask again</Button>}>
        The machine is offline. {what} can be read when it is back.
      </EmptyState>
    );
  }
  if (code === "agent_silent") {
    return (
      <EmptyState icon={PlugZap} act={<Button onClick={onRetry}>Ask again</Button>}>
        The machine is online but did not answer in time. It may be very busy.
      </EmptyState>
    );
  }
  return <ErrorState error={error} what={`${what} could not be read.`} onRetry={onRetry} />;
}
