import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Monitor } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { AgentFilter, AgentRow, EventRow, Tree } from "@/api/contract";
import type { SortOf } from "@/api/paths";
import { rowsOf, totalOf, treeQuery } from "@/api/queries";
import { useListChanges } from "@/api/use-list-changes";
import { useLabel } from "@/api/use-sign-in";
import { Button, buttonClass } from "@/components/button";
import { ChangesChip } from "@/components/changes-chip";
import { ListTable } from "@/components/data-table/list-table";
import { Page } from "@/components/page";
import { EmptyState } from "@/components/states";
import { useMachineActs } from "@/features/collected";
import type { MachineTarget } from "@/features/define-feature";
import { counted } from "@/lib/format";
import { keepPreference, readPreference } from "@/lib/storage";
import { visibleLine } from "@/lib/visible-text";
import { agentsQuery } from "../api/queries";
import { useVisibleAgents } from "../api/use-visible-agents";
import { type ColumnChoice, ColumnMenu } from "../components/column-menu";
import { fleetColumns } from "../components/columns";
import { FilterBar } from "../components/filter-bar";
import { Peek } from "../components/peek";
import { SelectionBar } from "../components/selection-bar";
import { SiteTree } from "../components/site-tree";
import type { FleetSearch } from "../search";

const route = getRouteApi("/app/fleet");
const rowId = (agent: AgentRow) => agent.id;
const rowName = (agent: AgentRow) => visibleLine(agent.hostname);
const MEMBERSHIP = new Set(["agent.enrolled"]);
const PRESENCE = new Set(["agent.online", "agent.offline"]);
const NONE: ReadonlySet<string> = new Set();

export function FleetPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const label = useLabel();
  const { acts } = useMachineActs();
  const filter = useMemo<AgentFilter>(
    () => ({
      search: search.search,
      status: search.status,
      client_id: search.client_id,
      site_id: search.site_id,
      os: search.os,
    }),
    [search.search, search.status, search.client_id, search.site_id, search.os],
  );
  const agents = useInfiniteQuery(agentsQuery(filter, search.sort));
  const [treeOpen, setTreeOpen] = useState(
    () => (readPreference("fleet-tree") ?? (window.innerWidth >= 1024 ? "open" : "shut")) === "open",
  );
  const placed = search.client_id !== undefined || search.site_id !== undefined;
  const tree = useQuery({ ...treeQuery, enabled: treeOpen || placed });
  const [visible, setVisible] = useState<string[]>([]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(NONE);
  const [everything, setEverything] = useState(false);
  const byStatus = search.status !== undefined;
  const changes = useListChanges(
    agents.dataUpdatedAt,
    useCallback(
      ({ name, agent_id: id }: EventRow) => (MEMBERSHIP.has(name) || (byStatus && PRESENCE.has(name)) ? id : null),
      [byStatus],
    ),
  );
  useVisibleAgents(visible);
  const clear = useCallback(() => {
    setSelected(NONE);
    setEverything(false);
  }, []);
  // A selection belongs to the list it was made in.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter is another list
  useEffect(clear, [filter, clear]);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(
    () => new Set(readPreference("fleet-hidden")?.split(",") ?? []),
  );
  const allColumns = useMemo(() => fleetColumns({ client: label("client"), site: label("site") }), [label]);
  const columns = useMemo(() => allColumns.filter(({ id }) => !hidden.has(id ?? "")), [allColumns, hidden]);
  const hide = (next: Set<string>) => {
    setHidden(next);
    keepPreference("fleet-hidden", [...next].join(","));
  };
  const change = useCallback(
    (part: Partial<FleetSearch>) =>
      navigate({ search: (before: FleetSearch) => ({ ...before, focus: undefined, ...part }), replace: true }),
    [navigate],
  );
  const peek = (id: string | undefined) => change({ peek: id === search.peek ? undefined : id });
  const loaded = rowsOf(agents.data);
  const total = totalOf(agents.data) ?? 0;
  const target = (): MachineTarget =>
    everything
      ? { kind: "filter", filter, total }
      : {
          kind: "agents",
          agents: loaded.filter((agent) => selected.has(agent.id)).map(({ id, hostname }) => ({ id, hostname })),
        };
  const toggleTree = () => {
    setTreeOpen(!treeOpen);
    keepPreference("fleet-tree", treeOpen ? "shut" : "open");
  };
  return (
    <Page
      title="Fleet"
      fill
      note={
        agents.data
          ? `${counted(total, "machine")}${isFiltered(filter) ? (total === 1 ? " matches" : " match") : ""}`
          : " "
      }
      acts={<ChangesChip changes={changes} onShow={() => agents.refetch()} busy={agents.isRefetching} />}
    >
      <FilterBar
        search={search}
        onChange={change}
        treeOpen={treeOpen}
        onTree={toggleTree}
        columns={<ColumnMenu choices={choicesOf(allColumns)} hidden={hidden} onChange={hide} />}
        place={placeName(tree.data, filter)}
      />
      <div className="-mx-4 md:-mx-6 -mb-6 relative flex min-h-0 flex-1 border-t max-md:flex-col">
        {treeOpen && (
          <div className="flex w-60 shrink-0 flex-col border-r max-md:max-h-52 max-md:w-auto max-md:border-r-0 max-md:border-b">
            <SiteTree place={filter} />
          </div>
        )}
        <div className="relative flex min-h-0 min-w-0 flex-1 flex-col">
          <ListTable<AgentRow, SortOf<"/agents">>
            name="Machines"
            what="the machines"
            list={agents}
            columns={columns}
            rowId={rowId}
            rowName={rowName}
            sort={search.sort ?? "hostname"}
            onSort={(sort) => change({ sort })}
            onOpen={(agent) => navigate({ to: "/agents/$agentId", params: { agentId: agent.id } })}
            onPeek={(agent) => peek(agent?.id)}
            onEscape={() => (search.peek ? change({ peek: undefined }) : clear())}
            onVisible={setVisible}
            marked={search.peek}
            selection={
              acts.length > 0
                ? {
                    ids: selected,
                    onChange: (ids) => {
                      setEverything(false);
                      setSelected(ids);
                    },
                  }
                : undefined
            }
            empty={<FleetEmpty filtered={isFiltered(filter)} onClear={() => navigate({ search: {} })} />}
          />
          {selected.size > 0 && (
            <SelectionBar
              selected={selected.size}
              loaded={loaded.length}
              total={total}
              everything={everything}
              onEverything={() => setEverything(true)}
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

function placeName(tree: Tree | undefined, { client_id, site_id }: AgentFilter): string | undefined {
  if (!client_id && !site_id) return undefined;
  for (const client of tree?.clients ?? []) {
    const site = client.sites.find((each) => each.id === site_id);
    if (site) return `${client.name} › ${site.name}`;
    if (!site_id && client.id === client_id) return client.name;
  }
  return "One place";
}

function FleetEmpty({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const label = useLabel();
  if (filtered) {
    return (
      <EmptyState icon={Monitor} act={<Button onClick={onClear}>Show all machines</Button>}>
        No machine matches.
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
