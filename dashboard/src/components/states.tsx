import { CircleAlert, type LucideIcon, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError, messageOf } from "@/api/errors";
import { cn } from "@/lib/cn";
import { Button } from "./button";
import { CopyButton } from "./copy";

/** What will appear here, and the one act that makes it appear. */
export function EmptyState({ icon: Icon, children, act }: { icon?: LucideIcon; children: ReactNode; act?: ReactNode }) {
  return (
    <div className="flex flex-col items-center justify-center gap-3 px-6 py-12 text-center">
      {Icon && <Icon aria-hidden="true" className="size-6 text-muted" strokeWidth={1.5} />}
      <p className="max-w-md text-base text-muted">{children}</p>
      {act}
    </div>
  );
}

/** What happened, what was kept, what to do, an id to quote. */
export function ErrorState({
  error,
  what,
  kept,
  onRetry,
  className,
}: {
  error: unknown;
  what: string;
  kept?: string;
  onRetry?: () => void;
  className?: string;
}) {
  const requestId = error instanceof ApiError ? error.requestId : null;
  return (
    <div role="alert" className={cn("flex flex-col items-center gap-3 px-6 py-10 text-center", className)}>
      <CircleAlert aria-hidden="true" className="size-6 text-bad" strokeWidth={1.5} />
      <div>
        <p className="text-base font-semibold">{what}</p>
        <p className="mt-1 max-w-md text-base text-muted">
          {messageOf(error)} {kept}
        </p>
      </div>
      <div className="flex items-center gap-2">
        {onRetry && (
          <Button onClick={onRetry}>
            <RotateCw aria-hidden="true" className="size-3.5" /> Try again
          </Button>
        )}
        {requestId && (
          <span className="inline-flex items-center gap-1 text-xs text-muted">
            <span className="font-mono">{requestId}</span>
            <CopyButton value={requestId} label="Copy the request id" />
          </span>
        )}
      </div>
    </div>
  );
}

/** An error inside a dialog or form. */
export function ErrorNote({ error }: { error: unknown }) {
  if (!error) return null;
  const requestId = error instanceof ApiError ? error.requestId : null;
  return (
    <p role="alert" className="rounded-md border border-bad/40 bg-bad/10 px-3 py-2 text-sm">
      {messageOf(error)}
      {requestId && error instanceof ApiError && error.status >= 500 && (
        <span className="block pt-1 font-mono text-xs text-muted">{requestId}</span>
      )}
    </p>
  );
}

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={cn("skeleton h-4", className)} />;
}

const LINES = ["w-11/12", "w-3/4", "w-5/6", "w-2/3", "w-10/12", "w-1/2", "w-4/5", "w-3/5"];

export function SkeletonLines({ lines = 4, className }: { lines?: number; className?: string }) {
  return (
    <div role="status" aria-label="Loading" className={cn("space-y-3", className)}>
      {LINES.slice(0, lines).map((width) => (
        <Skeleton key={width} className={width} />
      ))}
    </div>
  );
}
