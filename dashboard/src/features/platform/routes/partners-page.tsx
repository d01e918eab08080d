import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { Building2, LogIn, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import type { PartnerRow } from "@/api/contract";
import type { SortOf } from "@/api/paths";
import { Button } from "@/components/button";
import "@/components/data-table/columns";
import { useCan } from "@/api/use-sign-in";
import { ListTable } from "@/components/data-table/list-table";
import { InvitationDialog } from "@/components/invitation-dialog";
import { Page } from "@/components/page";
import { SearchField } from "@/components/search-field";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { bytes, count } from "@/lib/format";
import { partnersQuery } from "../api/queries";
import { CreatePartnerDialog, EnterPartnerDialog } from "../components/partner-dialogs";

const route = getRouteApi("/app/platform");
const rowId = (partner: PartnerRow) => partner.id;
type Asking =
  | { kind: "create" }
  | { kind: "enter"; partner: PartnerRow }
  | { kind: "link"; url: string; email: string };

export function PartnersPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const canWrite = useCan("partners.write");
  const [asking, setAsking] = useState<Asking | null>(null);
  const partners = useInfiniteQuery(partnersQuery({ ...search }));
  const columns = useMemo<ColumnDef<PartnerRow, unknown>[]>(
    () => [
      {
        id: "name",
        header: "Partner",
        meta: { sort: "name" },
        cell: ({ row }) => <span className="font-medium">{row.original.name}</span>,
      },
      number("clients", "Clients", (partner) => partner.clients),
      number("agents", "Agents", (partner) => partner.agents),
      number("users", "Users", (partner) => partner.users),
      use("recorded_bytes", "Recordings", (partner) => [partner.recorded_bytes, partner.recorded_most]),
      use("command_bytes", "Commands", (partner) => [partner.command_bytes, partner.command_most]),
      {
        id: "created_at",
        header: "Created",
        meta: { className: "w-32 max-md:hidden" },
        cell: ({ row }) => <Time at={row.original.created_at} className="text-muted" />,
      },
      {
        id: "enter",
        header: () => <span className="sr-only">Enter</span>,
        meta: { className: "w-32", right: true },
        cell: ({ row }) => (
          <Button
            size="small"
            onClick={() => setAsking({ kind: "enter", partner: row.original })}
            aria-label={`Enter ${row.original.name}`}
          >
            <LogIn aria-hidden="true" className="size-3" /> Enter
          </Button>
        ),
      },
    ],
    [],
  );
  const add = canWrite && (
    <Button variant="primary" onClick={() => setAsking({ kind: "create" })}>
      <Plus aria-hidden="true" className="size-4" /> New Partner
    </Button>
  );
  return (
    <Page title="Partners" fill acts={add}>
      <div className="pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => navigate({ search: { ...search, search: text }, replace: true })}
          label="Search Partners"
          className="md:max-w-sm"
        />
      </div>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<PartnerRow, SortOf<"/platform/partners">>
          name="Partners"
          what="the Partners"
          list={partners}
          columns={columns}
          rowId={rowId}
          sort={search.sort ?? "name"}
          onSort={(sort) => navigate({ search: { ...search, sort }, replace: true })}
          onOpen={(partner) => setAsking({ kind: "enter", partner })}
          empty={
            <EmptyState icon={Building2} act={!search.search && add}>
              {search.search ? "No Partner matches." : "The MSPs that use this Platform will be listed here."}
            </EmptyState>
          }
        />
      </div>
      {asking?.kind === "create" && (
        <CreatePartnerDialog
          onClose={() => setAsking(null)}
          onInvited={(url, email) => setAsking({ kind: "link", url, email })}
        />
      )}
      {asking?.kind === "enter" && <EnterPartnerDialog partner={asking.partner} onClose={() => setAsking(null)} />}
      {asking?.kind === "link" && (
        <InvitationDialog url={asking.url} email={asking.email} onClose={() => setAsking(null)} />
      )}
    </Page>
  );
}

/** How much of a shared thing a Partner uses, and how much it may. */
function use(
  id: "recorded_bytes" | "command_bytes",
  header: string,
  value: (partner: PartnerRow) => [used: number, most: number],
): ColumnDef<PartnerRow, unknown> {
  return {
    id,
    header,
    meta: { className: "w-40 max-lg:hidden", right: true, sort: id },
    cell: ({ row }) => {
      const [used, most] = value(row.original);
      return (
        <span className={`font-mono text-xs ${used > 0.8 * most ? "text-bad" : ""}`}>
          {bytes(used)} of {bytes(most)}
        </span>
      );
    },
  };
}

function number(id: string, header: string, value: (partner: PartnerRow) => number): ColumnDef<PartnerRow, unknown> {
  return {
    id,
    header,
    meta: { className: "w-20 max-sm:hidden", right: true },
    cell: ({ row }) => <span className="font-mono text-xs">{count(value(row.original))}</span>,
  };
}
