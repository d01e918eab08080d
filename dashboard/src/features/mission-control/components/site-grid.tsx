import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import type { Overview } from "@/api/contract";
import { useLabel } from "@/api/use-sign-in";
import { Card, CardHeader } from "@/components/card";
import { cn } from "@/lib/cn";
import { count, counted } from "@/lib/format";

type SiteHealth = Overview["sites"][number];

/** One cell a Site: shade by health, the numbers in words. */
export function SiteGrid({ sites }: { sites: SiteHealth[] }) {
  const label = useLabel();
  if (sites.length === 0) return null;
  return (
    <Card>
      <CardHeader title={`${label("site")} health`}>
        <Link to="/clients" className="text-muted text-xs hover:text-ink hover:underline">
          {label("client", 2)} & {label("site", 2)}
        </Link>
      </CardHeader>
      <ul className="grid grid-cols-2 gap-2 p-4 sm:grid-cols-3 lg:grid-cols-4 xl:grid-cols-6">
        {sites.map((site) => (
          <li key={site.id}>
            <SiteCell site={site} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function SiteCell({ site }: { site: SiteHealth }) {
  const share = site.total === 0 ? null : site.online / site.total;
  const tone =
    share === null
      ? "border-dashed"
      : share < 0.5
        ? "border-bad/50 bg-bad/10"
        : site.problems > 0 || share < 0.9
          ? "border-warn/40 bg-warn/8"
          : "border-ok/30 bg-ok/8";
  return (
    <Link
      to="/fleet"
      search={{ site_id: site.id }}
      title={`${site.client_name} › ${site.name}: ${count(site.online)} of ${counted(site.total, "machine")} online, ${counted(site.problems, "problem")}`}
      className={cn("block rounded-md border px-3 py-2 transition-colors duration-100 hover:border-muted", tone)}
    >
      <span className="block truncate font-medium text-sm">{site.name}</span>
      <span className="block truncate text-muted text-xs">{site.client_name}</span>
      <span className="mt-1.5 flex items-center justify-between gap-2 font-mono text-xs">
        <span>
          {count(site.online)}
          <span className="text-muted">/{count(site.total)}</span>
        </span>
        {site.problems > 0 && (
          <span className="inline-flex items-center gap-1 text-warn">
            <TriangleAlert aria-hidden="true" className="size-3" /> {count(site.problems)}
            <span className="sr-only">with a problem</span>
          </span>
        )}
      </span>
    </Link>
  );
}
