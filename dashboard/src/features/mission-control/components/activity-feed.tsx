import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { rowsOf } from "@/api/queries";
import { Card, CardHeader } from "@/components/card";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { eventsQuery } from "../api/queries";
import { EventList } from "./event-list";

const SHOWN = 12;
const READ = 100;

export function ActivityFeed() {
  const events = useInfiniteQuery(eventsQuery({}, READ));
  const rows = rowsOf(events.data);
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
        <EventList events={rows} name="Live activity" most={SHOWN} />
      )}
    </Card>
  );
}
