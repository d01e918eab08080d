import { exactTime, relativeTime } from "@/lib/format";
import { useNow } from "@/lib/use-now";

/** "3 min. ago", with the exact moment and zone on hover. */
export function Time({
  at,
  className,
  absent = "never",
}: {
  at: string | null | undefined;
  className?: string;
  absent?: string;
}) {
  const now = useNow();
  if (!at) return <span className={className}>{absent}</span>;
  return (
    <time dateTime={at} title={exactTime(at)} className={className}>
      {relativeTime(at, now)}
    </time>
  );
}
