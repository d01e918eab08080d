import { useQuery } from "@tanstack/react-query";
import type { Used } from "@/api/contract";
import { Card, CardHeader } from "@/components/card";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { bytes, count } from "@/lib/format";
import { usageQuery } from "../api/queries";

const NAMES: Record<string, string> = {
  recorded_bytes: "Recordings of terminals",
  command_bytes: "Commands",
  output_bytes: "Output of commands",
  terminals: "Open terminals",
  machines: "Machines",
};

/** What a Partner uses of what all Partners share, beside what it may. */
export function UseTab() {
  const usage = useQuery(usageQuery);
  if (usage.isPending) return <SkeletonLines lines={6} className="max-w-3xl" />;
  if (usage.isError && !usage.data)
    return <ErrorState error={usage.error} what="We could not load what is used." onRetry={() => usage.refetch()} />;
  const items = [...usage.data.items].sort((one, other) => share(other) - share(one));
  return (
    <Card className="max-w-3xl">
      <CardHeader title="What is used" />
      {items.length === 0 ? (
        <EmptyState>Nothing here has a limit.</EmptyState>
      ) : (
        <ul className="divide-y divide-line/60">
          {items.map((item) => (
            <UseLine key={item.resource} item={item} />
          ))}
        </ul>
      )}
      <p className="border-t px-4 py-3 text-muted text-xs">
        Recordings and the output of commands count for 90 days, also where they are kept for less long. Whoever runs
        this server can give more.
      </p>
    </Card>
  );
}

function UseLine({ item }: { item: Used }) {
  const shown = item.resource.endsWith("_bytes") ? bytes : count;
  const name = NAMES[item.resource] ?? item.resource;
  const part = share(item);
  return (
    <li className="space-y-1.5 px-4 py-3 text-sm">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <span className="font-medium">{name}</span>
        <span className="font-mono text-xs">
          {shown(item.used)} of {shown(item.most)}
        </span>
      </div>
      <meter
        className="h-1.5 w-full"
        min={0}
        max={1}
        high={0.8}
        value={part}
        aria-label={`${name}: ${shown(item.used)} of ${shown(item.most)}`}
      />
      {item.today != null && item.most_a_day != null && (
        <p className="text-muted text-xs">
          Today {shown(item.today)} of {shown(item.most_a_day)}
        </p>
      )}
    </li>
  );
}

function share({ used, most }: Used): number {
  return most === 0 ? 1 : Math.min(1, used / most);
}
