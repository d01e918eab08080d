import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Tree } from "@/api/contract";
import { treeQuery } from "@/api/queries";
import { useLabel } from "@/api/use-sign-in";
import { ErrorState, SkeletonLines } from "@/components/states";
import { cn } from "@/lib/cn";
import { count } from "@/lib/format";
import type { FleetSearch } from "../search";

interface Place {
  client_id?: string;
  site_id?: string;
}

/** The Clients and their Sites: a click narrows the list to one of them. */
export function SiteTree({ place }: { place: Place }) {
  const tree = useQuery(treeQuery);
  const label = useLabel();
  if (tree.isPending) return <SkeletonLines lines={8} className="p-4" />;
  if (tree.isError && !tree.data)
    return (
      <ErrorState
        error={tree.error}
        what={`We could not load the ${label("client", 2)}.`}
        onRetry={() => tree.refetch()}
      />
    );
  const total = tree.data.clients.reduce((sum, client) => sum + client.total, 0);
  const online = tree.data.clients.reduce((sum, client) => sum + client.online, 0);
  return (
    <nav aria-label={`${label("client", 2)} and ${label("site", 2)}`} className="space-y-px overflow-y-auto p-2">
      <TreeLink
        place={{}}
        name={`All ${label("client", 2)}`}
        total={total}
        online={online}
        current={!place.client_id && !place.site_id}
      />
      {tree.data.clients.map((client) => (
        <ClientBranch key={client.id} client={client} place={place} />
      ))}
    </nav>
  );
}

function ClientBranch({ client, place }: { client: Tree["clients"][number]; place: Place }) {
  const inside = place.client_id === client.id || client.sites.some((site) => site.id === place.site_id);
  const [opened, setOpened] = useState<boolean | null>(null);
  const open = opened ?? (inside || client.sites.length <= 3);
  return (
    <div>
      <div className="flex items-center">
        <button
          type="button"
          aria-expanded={open}
          aria-label={`${open ? "Close" : "Open"} ${client.name}`}
          onClick={() => setOpened(!open)}
          className="grid size-6 shrink-0 place-items-center rounded text-muted hover:text-ink"
        >
          <ChevronRight
            aria-hidden="true"
            className={cn("size-3.5 transition-transform duration-100", open && "rotate-90")}
          />
        </button>
        <TreeLink
          place={{ client_id: client.id }}
          name={client.name}
          total={client.total}
          online={client.online}
          current={place.client_id === client.id && !place.site_id}
        />
      </div>
      {open && (
        <div className="ml-3 space-y-px border-l pl-3">
          {client.sites.map((site) => (
            <TreeLink
              key={site.id}
              place={{ site_id: site.id }}
              name={site.name}
              total={site.total}
              online={site.online}
              current={place.site_id === site.id}
            />
          ))}
        </div>
      )}
    </div>
  );
}

function TreeLink({
  place,
  name,
  total,
  online,
  current,
}: {
  place: Place;
  name: string;
  total: number;
  online: number;
  current: boolean;
}) {
  return (
    <Link
      from="/fleet"
      to="/fleet"
      search={(before: FleetSearch) => ({
        ...before,
        client_id: undefined,
        site_id: undefined,
        peek: undefined,
        focus: undefined,
        ...place,
      })}
      aria-current={current ? "true" : undefined}
      activeProps={{}}
      title={`${name}: ${count(online)} of ${count(total)} online`}
      className={cn(
        "flex h-7 min-w-0 flex-1 items-center gap-2 rounded-md px-2 text-sm hover:bg-overlay",
        current ? "bg-overlay font-medium text-ink" : "text-muted hover:text-ink",
      )}
    >
      <span className="min-w-0 flex-1 truncate">{name}</span>
      <span className={cn("font-mono text-xs", online < total ? "text-ink" : "text-muted")}>
        {count(online)}
        <span className="text-muted">/{count(total)}</span>
      </span>
    </Link>
  );
}
