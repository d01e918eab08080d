import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { Building2, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import type { ClientRow } from "@/api/contract";
import type { SortOf } from "@/api/paths";
import { totalOf } from "@/api/queries";
import { Button } from "@/components/button";
import "@/components/data-table/columns";
import { useCan, useLabel } from "@/api/use-sign-in";
import { ListTable } from "@/components/data-table/list-table";
import { Page } from "@/components/page";
import { SearchField } from "@/components/search-field";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { count } from "@/lib/format";
import { acts, clientsQuery } from "../api/queries";
import { NameDialog } from "../components/name-dialog";
import { OnlineCount } from "../components/online-count";

const route = getRouteApi("/app/clients");
const rowId = (client: ClientRow) => client.id;

export function ClientsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = useNavigate();
  const label = useLabel();
  const canWrite = useCan("sites.write");
  const [creating, setCreating] = useState(false);
  const clients = useInfiniteQuery(clientsQuery({ ...search }));
  const columns = useMemo<ColumnDef<ClientRow, unknown>[]>(
    () => [
      {
        id: "name",
        header: label("client"),
        meta: { sort: "name" },
        cell: ({ row: { original: client } }) => (
          <Link
            to="/clients/$clientId"
            params={{ clientId: client.id }}
            className="font-medium hover:underline"
            title={client.name}
          >
            {client.name}
          </Link>
        ),
      },
      {
        id: "sites",
        header: label("site", 2),
        meta: { sort: "sites", downFirst: true, className: "w-24", right: true },
        cell: ({ row }) => <span className="font-mono text-xs">{count(row.original.sites)}</span>,
      },
      {
        id: "agents",
        header: "Online",
        meta: { sort: "agents", downFirst: true, className: "w-24", right: true },
        cell: ({ row: { original: client } }) => (
          <OnlineCount online={client.online} total={client.agents} place={{ client_id: client.id }} />
        ),
      },
      {
        id: "created_at",
        header: "Created",
        meta: { sort: "created_at", downFirst: true, className: "w-36 max-md:hidden" },
        cell: ({ row }) => <Time at={row.original.created_at} className="text-muted" />,
      },
    ],
    [label],
  );
  const add = canWrite && (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden="true" className="size-4" /> New {label("client")}
    </Button>
  );
  return (
    <Page
      title={`${label("client", 2)} & ${label("site", 2)}`}
      fill
      note={clients.data ? `${count(totalOf(clients.data) ?? 0)} ${label("client", totalOf(clients.data) ?? 0)}` : " "}
      acts={add}
    >
      <div className="pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => navigate({ search: { ...search, search: text }, replace: true })}
          label={`Search ${label("client", 2)}`}
          className="md:max-w-sm"
        />
      </div>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<ClientRow, SortOf<"/clients">>
          name={label("client", 2)}
          what={`the ${label("client", 2)}`}
          list={clients}
          columns={columns}
          rowId={rowId}
          sort={search.sort ?? "name"}
          onSort={(sort) => navigate({ search: { ...search, sort }, replace: true })}
          onOpen={(client) => go({ to: "/clients/$clientId", params: { clientId: client.id } })}
          empty={
            <EmptyState icon={Building2} act={!search.search && add}>
              {search.search
                ? `No ${label("client")} matches.`
                : `Your ${label("client", 2)} will be listed here, each with its ${label("site", 2)} and machines.`}
            </EmptyState>
          }
        />
      </div>
      {creating && (
        <NameDialog
          title={`New ${label("client")}`}
          act="Create"
          onSubmit={acts.createClient}
          onDone={(client) => void go({ to: "/clients/$clientId", params: { clientId: client.id } })}
          onClose={() => setCreating(false)}
        />
      )}
    </Page>
  );
}
