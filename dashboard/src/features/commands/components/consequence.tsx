import type { UseQueryResult } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { RunPreview } from "@/api/contract";
import { useLabel } from "@/api/use-sign-in";
import { counted, duration } from "@/lib/format";
import { consequenceOf } from "../api/consequence";

/** What a run will touch, in numbers, before it is started. */
export function Consequence({
  preview,
  shell,
  timeoutS,
  deadlineS,
}: {
  preview: UseQueryResult<RunPreview>;
  shell: string;
  timeoutS: number;
  deadlineS: number;
}) {
  const label = useLabel();
  if (preview.isError && !preview.data)
    return <p className="text-muted text-xs">How many machines this touches could not be read.</p>;
  if (!preview.data) return <p className="text-muted text-xs">Counting the machines…</p>;
  const { line, warning } = consequenceOf(preview.data, shell, duration(deadlineS), (number) =>
    counted(number, label("client"), label("client", 2)),
  );
  return (
    <div role="status" className="space-y-1 rounded-md border bg-canvas px-3 py-2 text-sm">
      <p>{line}</p>
      {warning !== null && (
        <p className="flex items-start gap-1.5 text-warn text-xs">
          <TriangleAlert aria-hidden="true" className="mt-0.5 size-3 shrink-0" /> {warning}
        </p>
      )}
      {timeoutS > 0 && (
        <p className="text-muted text-xs">
          A script that still runs after {duration(timeoutS)} is ended there, and shown as timed out.
        </p>
      )}
    </div>
  );
}
