import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CircleCheck, TriangleAlert } from "lucide-react";
import type { AgentRow, Overview } from "@/api/contract";
import { keys } from "@/api/keys";
import { listQuery, rowsOf } from "@/api/queries";
import { useMe } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { MachineText } from "@/components/machine-text";
import { Page } from "@/components/page";
import { SearchField } from "@/components/search-field";
import { StateDot } from "@/components/state-dot";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { Time } from "@/components/time";
import { count, counted } from "@/lib/format";
import { problemInPlainWords } from "../api/plain-words";

const route = getRouteApi("/app/");
const computersQuery = (search: string | undefined) =>
  listQuery([...keys.contact, "computers"], "/agents", { query: { search, sort: "hostname" } });

/** What a Client contact sees: how their computers are, and that somebody cares. No console with holes. */
export function ContactPage({ overview }: { overview: Overview | undefined }) {
  const { partner_name: partner } = useMe();
  return (
    <Page
      title="Your computers"
      heading={<Headline overview={overview} />}
      note={overview ? done(overview, partner) : "\u00a0"}
    >
      <div className="max-w-3xl">
        <Computers />
      </div>
    </Page>
  );
}

function Headline({ overview }: { overview: Overview | undefined }) {
  if (!overview) return <h1 className="font-semibold text-xl">Your computers</h1>;
  const { online, total } = overview.agents;
  return (
    <h1 className="font-semibold text-xl tracking-tight md:text-2xl">
      {total === 0
        ? "No computers are looked after yet."
        : online === total
          ? `${total === 1 ? "Your computer is" : `All ${count(total)} computers are`} online.`
          : `${count(online)} of ${counted(total, "computer")} online.`}
    </h1>
  );
}

function done({ jobs_this_month: jobs, problems }: Overview, partner: string | null): string {
  const who = partner ?? "Your technicians";
  const did = jobs === 0 ? `${who} had nothing to do this month.` : `${who} did ${counted(jobs, "job")} this month.`;
  const open =
    problems.total === 0
      ? "Nothing is wrong."
      : `${counted(problems.total, "computer")} ${problems.total === 1 ? "needs" : "need"} a look.`;
  return `${did} ${open}`;
}

function Computers() {
  const { search } = route.useSearch();
  const navigate = route.useNavigate();
  const computers = useInfiniteQuery({ ...computersQuery(search), refetchInterval: 30_000 });
  const rows = rowsOf(computers.data);
  return (
    <Card>
      <CardHeader title="Computers">
        <SearchField
          value={search}
          onChange={(text) => navigate({ search: { search: text }, replace: true })}
          label="Search computers"
          placeholder="Name, person, place…"
          className="w-64 max-w-[60%]"
        />
      </CardHeader>
      {computers.isPending ? (
        <SkeletonLines lines={6} className="p-4" />
      ) : computers.isError && !computers.data ? (
        <ErrorState
          error={computers.error}
          what="We could not load your computers."
          onRetry={() => computers.refetch()}
        />
      ) : rows.length === 0 ? (
        <EmptyState>
          {search ? "No computer matches." : "Your computers will be listed here once they are added."}
        </EmptyState>
      ) : (
        <ul className="divide-y divide-line/60" aria-label="Computers">
          {rows.map((computer) => (
            <Computer key={computer.id} computer={computer} />
          ))}
        </ul>
      )}
      {computers.hasNextPage && (
        <div className="border-t p-3 text-center">
          <Button onClick={() => computers.fetchNextPage()} busy={computers.isFetchingNextPage}>
            Show more
          </Button>
        </div>
      )}
    </Card>
  );
}

function Computer({ computer }: { computer: AgentRow }) {
  const problem = problemInPlainWords(computer.problems);
  return (
    <li>
      <Link
        to="/agents/$agentId"
        params={{ agentId: computer.id }}
        className="flex items-center gap-3 px-4 py-2.5 hover:bg-overlay/60"
      >
        <StateDot status={computer.status} />
        <span className="min-w-0 flex-1">
          <MachineText className="block truncate text-sm">{computer.hostname}</MachineText>
          <span className="block truncate text-muted text-xs">{computer.site_name}</span>
        </span>
        <span className="flex shrink-0 items-center gap-1.5 text-sm">
          {problem !== null ? (
            <>
              <TriangleAlert aria-hidden="true" className="size-3.5 text-warn" /> {problem}
            </>
          ) : computer.status === "online" ? (
            <>
              <CircleCheck aria-hidden="true" className="size-3.5 text-ok" /> Fine
            </>
          ) : (
            <span className="text-muted">
              Off, last seen <Time at={computer.last_seen} />
            </span>
          )}
        </span>
      </Link>
    </li>
  );
}
