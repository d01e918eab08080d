import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { rowsOf } from "@/api/queries";
import { Button } from "@/components/button";
import { Card } from "@/components/card";
import { SelectField } from "@/components/field";
import { Page } from "@/components/page";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { eventsQuery } from "../api/queries";
import { EventLine } from "../components/event-line";

const NAMES = [
  "agent.enrolled",
  "agent.online",
  "agent.offline",
  "agent.inventory_changed",
  "command.queued",
  "command.completed",
  "tunnel.opened",
  "tunnel.closed",
  "site.created",
  "client.created",
];
const route = getRouteApi("/app/activity");

export function ActivityPage() {
  const { name } = route.useSearch();
  const navigate = route.useNavigate();
  const events = useInfiniteQuery(eventsQuery({ name }));
  const rows = rowsOf(events.data);
  return (
    <Page
      title="Activity"
      acts={
        <SelectField
          label="Kind of event"
          hideLabel
          value={name ?? ""}
          onChange={(event) => navigate({ search: { name: event.target.value || undefined } })}
        >
          <option value="">Everything</option>
          {NAMES.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </SelectField>
      }
    >
      <Card className="max-w-4xl">
        {events.isPending ? (
          <SkeletonLines lines={8} className="p-4" />
        ) : events.isError && !events.data ? (
          <ErrorState error={events.error} what="We could not load the activity." onRetry={() => events.refetch()} />
        ) : rows.length === 0 ? (
          <EmptyState>What happens on your machines will be listed here as it happens.</EmptyState>
        ) : (
          <ul className="divide-y divide-line/60">
            {rows.map((event) => (
              <li key={event.id}>
                <EventLine event={event} />
              </li>
            ))}
          </ul>
        )}
        {events.hasNextPage && (
          <div className="border-t p-3 text-center">
            <Button onClick={() => events.fetchNextPage()} busy={events.isFetchingNextPage}>
              Show earlier
            </Button>
          </div>
        )}
      </Card>
    </Page>
  );
}
