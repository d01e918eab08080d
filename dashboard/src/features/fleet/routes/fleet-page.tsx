import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Monitor } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import type { AgentFilter, AgentRow, EventRow, Tree } from "@/api/contract";
import { keys } from "@/api/keys";
import type { SortOf } from "@/api/paths";
import { treeQuery } from "@/api/queries";
import { useListChanges } from "@/api/use-list-changes";
import { useCan, useLabel } from "@/api/use-sign-in";
import { useWindowedList } from "@/api/use-windowed-list";
import { Button, buttonClass } from "@/components/button";
import { ChangesChip } from "@/components/changes-chip";
import { useColumnLayout } from "@/components/data-table/column-layout";
import { WindowedTable } from "@/components/data-table/windowed-table";
import { Page } from "@/components/page";
import { EmptyState } from "@/components/states";
import { useMachineActs } from "@/features/collected";
import { counted } from "@/lib/format";
import { keepPreference, readPreference } from "@/lib/storage";
import { visibleLine } from "@/lib/visible-text";
import { AGENTS_STALE_MS } from "../api/queries";
import { mistakeIn, wholeQuery } from "../api/query-text";
import { useVisibleAgents } from "../api/use-visible-agents";
import { type ColumnChoice, ColumnMenu } from "../components/column-menu";
import { fleetColumns } from "../components/columns";
import { CsvButton } from "../components/csv-button";
import { FilterBar } from "../components/filter-bar";
import { Peek } from "../components/peek";
import { SelectionBar } from "../components/selection-bar";
import { SiteTree } from "../components/site-tree";
import { useMachineSelection } from "../components/use-machine-selection";
import { ViewsMenu } from "../components/views-menu";
import { type FleetSearch, validateFleetSearch } from "../search";

const route = getRouteApi("/app/fleet");
const rowId = (agent: AgentRow) => agent.id;
const rowName = (agent: AgentRow) => visibleLine(agent.hostname);
const MEMBERSHIP = new Set(["agent.enrolled"]);
const PRESENCE = new Set(["agent.online", "agent.offline"]);

export function FleetPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const label = useLabel();
  const { acts } = useMachineActs();
  const filter = useMemo<AgentFilter>(
    () => ({
      q: search.search,
      status: search.status,
      client_id: search.client_id,
      site_id: search.site_id,
      os: search.os,
    }),
    [search.search, search.status, search.client_id, search.site_id, search.os],
  );
  const query = { ...filter, sort: search.sort };
  const agents = useWindowedList(keys.agentLists, "/agents", { query }, AGENTS_STALE_MS);
  const total = agents.total ?? 0;
  const mistake = mistakeIn(search.search ?? "", agents.error);
  // What is wrong with the query is said at the query; the list of before stays.
  const list = mistake === null ? agents : { ...agents, error: null };
  const [treeOpen, setTreeOpen] = useState(
    () => (readPreference("fleet-tree") ?? (window.innerWidth >= 1024 ? "open" : "shut")) === "open",
  );
  const placed = search.client_id !== undefined || search.site_id !== undefined;
  const tree = useQuery({ ...treeQuery, enabled: treeOpen || placed });
  const place = placeOf(tree.data, filter);
  const mayView = useCan("views.write");
  const { selection, target, clear, busy } = useMachineSelection(filter, agents, total);
  const byStatus = search.status !== undefined;
  const changes = useListChanges(
    agents.readAt,
    useCallback(
      ({ name, agent_id: id }: EventRow) => (MEMBERSHIP.has(name) || (byStatus && PRESENCE.has(name)) ? id : null),
      [byStatus],
    ),
  );
  const onVisible = useVisibleAgents();
  const allColumns = useMemo(() => fleetColumns({ client: label("client"), site: label("site") }), [label]);
  const laidOut = useColumnLayout("fleet-columns", allColumns);
  const change = useCallback(
    (part: Partial<FleetSearch>) =>
      navigate({ search: (before: FleetSearch) => ({ ...before, focus: undefined, ...part }), replace: true }),
    [navigate],
  );
  const peek = (id: string | undefined) => change({ peek: id === search.peek ? undefined : id });
  const toggleTree = () => {
    setTreeOpen(!treeOpen);
    keepPreference("fleet-tree", treeOpen ? "shut" : "open");
  };
  return (
    <Page
      title="Fleet"
      fill
      note={
        mistake !== null
          ? "This search cannot be read yet"
          : agents.total === null
            ? " "
            : `${counted(total, "machine")}${isFiltered(filter) ? (total === 1 ? " matches" : " match") : ""}`
      }
      acts={
        <>
          <ChangesChip changes={changes} onShow={agents.refetch} busy={agents.isFetching} />
          <CsvButton list={agents} total={total} />
        </>
      }
    >
      <FilterBar
        search={search}
        onChange={change}
        treeOpen={treeOpen}
        onTree={toggleTree}
        columns={
          <ColumnMenu
            choices={choicesOf(allColumns)}
            hidden={laidOut.layout.hidden}
            onChange={laidOut.hide}
            onReset={laidOut.reset}
          />
        }
        place={placed ? (place ? placeName(place) : "One place") : undefined}
        views={
          mayView && (
            <ViewsMenu
              here={{
                query: wholeQuery(filter, place),
                sort: search.sort ?? "hostname",
                columns: laidOut.columns.map(({ id = "" }) => id),
              }}
              savable={mistake === null && (!placed || place !== undefined)}
              onShow={(view) => {
                if (view.columns.length > 0) laidOut.show(view.columns);
                navigate({ search: validateFleetSearch({ search: view.query, sort: view.sort }) });
              }}
            />
          )
        }
        mistake={mistake}
      />
      <div className="-mx-4 md:-mx-6 -mb-6 relative flex min-h-0 flex-1 border-t max-md:flex-col">
        {treeOpen && (
          <div className="flex w-60 shrink-0 flex-col border-r max-md:max-h-52 max-md:w-auto max-md:border-r-0 max-md:border-b">
            <SiteTree place={filter} />
          </div>
        )}
        <div className="relative flex min-h-0 min-w-0 flex-1 flex-col">
          <WindowedTable<AgentRow, SortOf<"/agents">>
            name="Machines"
            what="the machines"
            list={list}
            columns={laidOut.columns}
            laidOut={laidOut}
            rowId={rowId}
            rowName={rowName}
            sort={search.sort ?? "hostname"}
            onSort={(sort) => change({ sort })}
            onOpen={(agent) => navigate({ to: "/agents/$agentId", params: { agentId: agent.id } })}
            onPeek={(agent) => peek(agent?.id)}
            onEscape={() => (search.peek ? change({ peek: undefined }) : clear())}
            onVisible={onVisible}
            marked={search.peek}
            selection={acts.length > 0 ? selection : undefined}
            empty={
              <FleetEmpty
                filtered={isFiltered(filter)}
                unread={mistake !== null}
                onClear={() => navigate({ search: {} })}
              />
            }
          />
          {(selection.size > 0 || busy) && (
            <SelectionBar
              selected={selection.size}
              all={selection.all}
              busy={busy}
              acts={acts}
              target={target}
              onClear={clear}
            />
          )}
        </div>
        {search.peek && <Peek agentId={search.peek} onClose={() => change({ peek: undefined })} />}
      </div>
    </Page>
  );
}

/** The columns that can be hidden: all but the name and the state. */
function choicesOf(columns: ReturnType<typeof fleetColumns>): ColumnChoice[] {
  return columns.slice(2).map(({ id, header }) => ({ id: id ?? "", name: String(header) }));
}

function isFiltered(filter: AgentFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/** The names of what the list is limited to, as far as they are known. */
function placeOf(
  tree: Tree | undefined,
  { client_id, site_id }: AgentFilter,
): { client: string; site?: string } | undefined {
  for (const client of tree?.clients ?? []) {
    const site = client.sites.find((each) => each.id === site_id);
    if (site) return { client: client.name, site: site.name };
    if (!site_id && client.id === client_id) return { client: client.name };
  }
  return undefined;
}

function placeName(place: { client: string; site?: string }): string {
  return place.site === undefined ? place.client : `${place.client} › ${place.site}`;
}

function FleetEmpty({ filtered, unread, onClear }: { filtered: boolean; unread: boolean; onClear: () => void }) {
  const label = useLabel();
  if (filtered) {
    return (
      <EmptyState icon={Monitor} act={<Button onClick={onClear}>Show all machines</Button>}>
        {unread ? "This search cannot be read yet." : "No machine matches."}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={Monitor}
      act={
        <Link to="/clients" className={buttonClass({ variant: "primary" })}>
          Go to {label("client", 2)} & {label("site", 2)}
        </Link>
      }
    >
      Your machines will be listed here. A {label("site")}'s page has the command that adds one.
    </EmptyState>
  );
}
