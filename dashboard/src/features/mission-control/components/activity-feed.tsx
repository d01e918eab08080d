import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { rowsOf } from "@/api/queries";
import { Card, CardHeader } from "@/components/card";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { eventsQuery } from "../api/queries";
import { EventLine } from "./event-line";

const SHOWN = 12;

export function ActivityFeed() {
  const events = useInfiniteQuery(eventsQuery({}, 30));
  const rows = rowsOf(events.data).slice(0, SHOWN);
  return (
    <Card className="flex min-w-0 flex-col">
      <CardHeader title="Live activity">
        <Link to="/activity" className="text-muted text-xs hover:text-ink hover:underline">
          All activity
        </Link>
      </CardHeader>
      {events.isPending ? (
        <SkeletonLines lines={6} className="p-4" />
      ) : events.isError ? (
        <ErrorState error={events.error} what="We could not load the activity." onRetry={() => events.refetch()} />
      ) : rows.length === 0 ? (
        <EmptyState>What happens on your machines will pass by here as it happens.</EmptyState>
      ) : (
        <ul className="divide-y divide-line/60" aria-label="Live activity">
          {rows.map((event) => (
            <li key={event.id} className="animate-appear">
              <EventLine event={event} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
