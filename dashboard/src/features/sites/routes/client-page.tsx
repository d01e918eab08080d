import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Ellipsis, Plus } from "lucide-react";
import { useState } from "react";
import { ApiError } from "@/api/errors";
import { useCan, useLabel, useMe } from "@/api/use-sign-in";
import { Button, IconButton } from "@/components/button";
import { Menu } from "@/components/menu";
import { Page } from "@/components/page";
import { SearchField } from "@/components/search-field";
import { EmptyState, ErrorState } from "@/components/states";
import { acts, clientQuery } from "../api/queries";
import { NameDialog } from "../components/name-dialog";
import { OnlineCount } from "../components/online-count";
import { SiteTable } from "../components/site-table";
import { useRemove } from "../components/use-remove";

const route = getRouteApi("/app/clients/$clientId");

export function ClientPage() {
  const { clientId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = useNavigate();
  const label = useLabel();
  const { partner_name: partner } = useMe();
  const canWrite = useCan("sites.write");
  const canMakeCodes = useCan("codes.write");
  const client = useQuery(clientQuery(clientId));
  const [asking, setAsking] = useState<"site" | "rename" | null>(null);
  const name = client.data?.name ?? label("client");
  const remove = useRemove(
    { name, kind: label("client"), contents: label("site", 2), count: client.data?.sites ?? 0 },
    () => acts.deleteClient(clientId),
    () => void go({ to: "/clients" }),
  );
  if (client.isError && !client.data) {
    return client.error instanceof ApiError && client.error.status === 404 ? (
      <EmptyState>This {label("client")} isn't here. It may have been deleted.</EmptyState>
    ) : (
      <ErrorState
        error={client.error}
        what={`We could not load this ${label("client")}.`}
        onRetry={() => client.refetch()}
      />
    );
  }
  const addSite = canWrite && (
    <Button variant="primary" onClick={() => setAsking("site")}>
      <Plus aria-hidden="true" className="size-4" /> New {label("site")}
    </Button>
  );
  return (
    <Page
      title={name}
      fill
      crumbs={[
        { label: partner ?? label("partner"), to: "/" },
        { label: label("client", 2), to: "/clients" },
      ]}
      note={
        client.data && (
          <>
            <OnlineCount online={client.data.online} total={client.data.agents} place={{ client_id: clientId }} />{" "}
            machines online
          </>
        )
      }
      acts={
        canWrite && (
          <>
            {addSite}
            <Menu
              items={[
                { label: "Rename", onSelect: () => setAsking("rename") },
                { label: "Delete", danger: true, onSelect: () => void remove.ask() },
              ]}
              trigger={
                <IconButton label="More" variant="plain">
                  <Ellipsis aria-hidden="true" className="size-4" />
                </IconButton>
              }
            />
          </>
        )
      }
    >
      <div className="pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => navigate({ search: { ...search, search: text }, replace: true })}
          label={`Search ${label("site", 2)}`}
          className="md:max-w-sm"
        />
      </div>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <SiteTable
          clientId={clientId}
          search={search}
          onSearch={(next) => navigate({ search: next, replace: true })}
          act={!search.search && addSite}
        />
      </div>
      {asking === "site" && (
        <NameDialog
          title={`New ${label("site")} of ${name}`}
          act="Create"
          onSubmit={(siteName) => acts.createSite(clientId, siteName, canMakeCodes)}
          onDone={(site) => void go({ to: "/sites/$siteId", params: { siteId: site.id } })}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === "rename" && (
        <NameDialog
          title={`Rename this ${label("client")}`}
          act="Rename"
          name={name}
          onSubmit={(next) => acts.renameClient(clientId, next)}
          onClose={() => setAsking(null)}
        />
      )}
    </Page>
  );
}
