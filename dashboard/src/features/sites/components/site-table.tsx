import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { MapPin } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import type { SiteRow } from "@/api/contract";
import type { SortOf } from "@/api/paths";
import "@/components/data-table/columns";
import { useLabel } from "@/api/use-sign-in";
import { ListTable } from "@/components/data-table/list-table";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { sitesQuery } from "../api/queries";
import type { SitesSearch } from "../search";
import { OnlineCount } from "./online-count";

const rowId = (site: SiteRow) => site.id;

export function SiteTable({
  clientId,
  search,
  onSearch,
  act,
}: {
  clientId: string;
  search: SitesSearch;
  onSearch: (next: SitesSearch) => void;
  act?: ReactNode;
}) {
  const label = useLabel();
  const navigate = useNavigate();
  const sites = useInfiniteQuery(sitesQuery({ ...search, client_id: clientId }));
  const columns = useMemo<ColumnDef<SiteRow, unknown>[]>(
    () => [
      {
        id: "name",
        header: label("site"),
        meta: { sort: "name" },
        cell: ({ row: { original: site } }) => (
          <Link
            to="/sites/$siteId"
            params={{ siteId: site.id }}
            className="font-medium hover:underline"
            title={site.name}
          >
            {site.name}
          </Link>
        ),
      },
      {
        id: "agents",
        header: "Online",
        meta: { sort: "agents", downFirst: true, className: "w-28", right: true },
        cell: ({ row: { original: site } }) => (
          <OnlineCount online={site.online} total={site.agents} place={{ site_id: site.id }} />
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
  return (
    <ListTable<SiteRow, SortOf<"/sites">>
      name={label("site", 2)}
      what={`the ${label("site", 2)}`}
      list={sites}
      columns={columns}
      rowId={rowId}
      sort={search.sort ?? "name"}
      onSort={(sort) => onSearch({ ...search, sort })}
      onOpen={(site) => navigate({ to: "/sites/$siteId", params: { siteId: site.id } })}
      empty={
        <EmptyState icon={MapPin} act={act}>
          {search.search
            ? `No ${label("site")} matches.`
            : `A ${label("client")}'s locations will be listed here: an office, a network, a cloud region. Each has its own install command.`}
        </EmptyState>
      }
    />
  );
}
