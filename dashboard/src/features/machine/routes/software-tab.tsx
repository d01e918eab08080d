import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { Package } from "lucide-react";
import type { SoftwareRow } from "@/api/contract";
import type { SortOf } from "@/api/paths";
import { totalOf } from "@/api/queries";
import { ListTable } from "@/components/data-table/list-table";
import { MachineText } from "@/components/machine-text";
import { SearchField } from "@/components/search-field";
import { EmptyState } from "@/components/states";
import { counted } from "@/lib/format";
import { softwareQuery } from "../api/queries";

const route = getRouteApi("/app/agents/$agentId/software");
const rowId = (row: SoftwareRow) => `${row.source}:${row.name}`;
const COLUMNS: ColumnDef<SoftwareRow, unknown>[] = [
  {
    id: "name",
    header: "Name",
    meta: { sort: "name" },
    cell: ({ row }) => <MachineText>{row.original.name}</MachineText>,
  },
  {
    id: "version",
    header: "Version",
    meta: { sort: "version", className: "w-[38%]" },
    cell: ({ row }) => <MachineText className="text-xs">{row.original.version}</MachineText>,
  },
  {
    id: "source",
    header: "Source",
    meta: { className: "w-24 max-md:hidden" },
    cell: ({ row }) => <span className="text-muted">{row.original.source}</span>,
  },
];

export function SoftwareTab() {
  const { agentId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const software = useInfiniteQuery(softwareQuery(agentId, { ...search }));
  return (
    <>
      <div className="flex items-center gap-3 pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => navigate({ search: { ...search, search: text }, replace: true })}
          label="Search software"
          className="min-w-48 flex-1 md:max-w-sm"
        />
        <span className="text-muted text-xs">{software.data && counted(totalOf(software.data) ?? 0, "package")}</span>
      </div>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<SoftwareRow, SortOf<"/agents/{agent_id}/software">>
          name="Software"
          what="the software"
          list={software}
          columns={COLUMNS}
          rowId={rowId}
          sort={search.sort ?? "name"}
          onSort={(sort) => navigate({ search: { ...search, sort }, replace: true })}
          empty={
            <EmptyState icon={Package}>
              {search.search
                ? "No software matches."
                : "The software will be listed here after the machine's first inventory."}
            </EmptyState>
          }
        />
      </div>
    </>
  );
}
