import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Ellipsis, Monitor } from "lucide-react";
import { useState } from "react";
import { ApiError } from "@/api/errors";
import { useCan, useLabel, useMe } from "@/api/use-sign-in";
import { buttonClass, IconButton } from "@/components/button";
import { Menu } from "@/components/menu";
import { Page } from "@/components/page";
import { EmptyState, ErrorState } from "@/components/states";
import { acts, siteQuery } from "../api/queries";
import { CodesCards } from "../components/codes-card";
import { NameDialog } from "../components/name-dialog";
import { OnlineCount } from "../components/online-count";
import { useRemove } from "../components/use-remove";

const route = getRouteApi("/app/sites/$siteId");

export function SitePage() {
  const { siteId } = route.useParams();
  const go = useNavigate();
  const label = useLabel();
  const { partner_name: partner } = useMe();
  const canWrite = useCan("sites.write");
  const seesCodes = useCan("codes.write");
  const seesSettings = useCan("settings.read");
  const site = useQuery(siteQuery(siteId));
  const [renaming, setRenaming] = useState(false);
  const name = site.data?.name ?? label("site");
  const remove = useRemove(
    { name, kind: label("site"), contents: "machines", count: site.data?.agents ?? 0 },
    () => acts.deleteSite(siteId),
    () => void go({ to: "/clients" }),
  );
  if (site.isError && !site.data) {
    return site.error instanceof ApiError && site.error.status === 404 ? (
      <EmptyState>This {label("site")} isn't here. It may have been deleted.</EmptyState>
    ) : (
      <ErrorState error={site.error} what={`We could not load this ${label("site")}.`} onRetry={() => site.refetch()} />
    );
  }
  return (
    <Page
      title={name}
      crumbs={
        site.data && [
          { label: partner ?? label("partner"), to: "/" },
          { label: site.data.client_name, to: `/clients/${site.data.client_id}` },
        ]
      }
      note={
        site.data && (
          <>
            <OnlineCount online={site.data.online} total={site.data.agents} place={{ site_id: siteId }} /> machines
            online
          </>
        )
      }
      acts={
        <>
          <Link to="/fleet" search={{ site_id: siteId }} className={buttonClass()}>
            <Monitor aria-hidden="true" className="size-4" strokeWidth={1.75} /> Machines
          </Link>
          {canWrite && (
            <Menu
              items={[
                { label: "Rename", onSelect: () => setRenaming(true) },
                ...(seesSettings
                  ? [
                      {
                        label: "Settings",
                        onSelect: () => void go({ to: "/settings/partner", search: { site: siteId } }),
                      },
                    ]
                  : []),
                { label: "Delete", danger: true, onSelect: () => void remove.ask() },
              ]}
              trigger={
                <IconButton label="More" variant="plain">
                  <Ellipsis aria-hidden="true" className="size-4" />
                </IconButton>
              }
            />
          )}
        </>
      }
    >
      <div className="max-w-4xl space-y-4">
        {seesCodes ? (
          <CodesCards siteId={siteId} />
        ) : (
          <p className="text-muted">Machines are added by somebody who may make site codes.</p>
        )}
      </div>
      {renaming && (
        <NameDialog
          title={`Rename this ${label("site")}`}
          act="Rename"
          name={name}
          onSubmit={(next) => acts.renameSite(siteId, next)}
          onClose={() => setRenaming(false)}
        />
      )}
    </Page>
  );
}
