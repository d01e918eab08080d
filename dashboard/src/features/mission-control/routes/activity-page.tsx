import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { rowsOf, totalOf } from "@/api/queries";
import { useMe } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Card } from "@/components/card";
import { SelectField } from "@/components/field";
import { Page } from "@/components/page";
import { SearchField } from "@/components/search-field";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { useEventKinds, wordingOf } from "@/features/collected";
import { counted } from "@/lib/format";
import { eventsQuery } from "../api/queries";
import { EventList } from "../components/event-list";
import type { ActivitySearch } from "../search";

const route = getRouteApi("/app/activity");

export function ActivityPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const events = useInfiniteQuery(eventsQuery(search));
  const kinds = useEventKinds();
  const me = useMe();
  const rows = rowsOf(events.data);
  const total = totalOf(events.data);
  const show = (next: ActivitySearch) => navigate({ search: next });
  return (
    <Page title="Activity" note={total === null ? undefined : counted(total, "event")}>
      <div className="flex max-w-4xl flex-wrap items-center gap-2 pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => show({ ...search, search: text })}
          label="Search the activity"
          placeholder="Machine, person, what happened…"
          className="min-w-48 flex-1 md:max-w-sm"
        />
        <SelectField
          label="Kind of event"
          hideLabel
          className="h-8 w-auto"
          value={search.name ?? ""}
          onChange={(event) => show({ ...search, name: event.target.value || undefined })}
        >
          <option value="">Everything</option>
          {kinds
            .flatMap(({ names }) => Object.entries(names))
            .map(([name, words]) => (
              <option key={name} value={name}>
                {wordingOf(words, me)}
              </option>
            ))}
        </SelectField>
      </div>
      <Card className="max-w-4xl">
        {events.isPending ? (
          <SkeletonLines lines={8} className="p-4" />
        ) : events.isError && !events.data ? (
          <ErrorState error={events.error} what="We could not load the activity." onRetry={() => events.refetch()} />
        ) : rows.length === 0 ? (
          search.search || search.name ? (
            <EmptyState icon={Activity} act={<Button onClick={() => show({})}>Show everything</Button>}>
              Nothing of that kind has happened.
            </EmptyState>
          ) : (
            <EmptyState icon={Activity}>What happens on your machines will be listed here as it happens.</EmptyState>
          )
        ) : (
          <EventList events={rows} name="Activity" />
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
