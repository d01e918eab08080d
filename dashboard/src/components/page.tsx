import { Link, useLocation } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { Fragment, type ReactNode, useEffect, useRef } from "react";
import { cn } from "@/lib/cn";
import { visibleLine } from "@/lib/visible-text";

interface Crumb {
  label: string;
  to?: string;
}

function Breadcrumbs({ crumbs }: { crumbs: Crumb[] }) {
  return (
    <nav aria-label="Breadcrumbs" className="flex min-w-0 items-center gap-1 text-xs text-muted">
      {crumbs.map((crumb, index) => (
        <Fragment key={`${crumb.to ?? ""}${crumb.label}`}>
          {index > 0 && <ChevronRight aria-hidden="true" className="size-3 shrink-0 opacity-60" />}
          {crumb.to ? (
            <Link to={crumb.to} className="min-w-12 max-w-[40ch] truncate hover:text-ink hover:underline">
              {crumb.label}
            </Link>
          ) : (
            <span
              className="min-w-12 max-w-[40ch] truncate"
              aria-current={index === crumbs.length - 1 ? "page" : undefined}
            >
              {crumb.label}
            </span>
          )}
        </Fragment>
      ))}
    </nav>
  );
}

/** A page's frame: breadcrumbs, one heading, its acts, and content that scrolls or (with `fill`) takes the rest of the height. */
export function Page({
  title,
  heading,
  crumbs,
  acts,
  note,
  fill = false,
  children,
}: {
  title: string;
  heading?: ReactNode;
  crumbs?: Crumb[];
  acts?: ReactNode;
  note?: ReactNode;
  fill?: boolean;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${visibleLine(title)} · GuruRMM`;
  }, [title]);
  return (
    <div className={cn("flex min-w-0 flex-col", fill ? "h-full" : "min-h-full")}>
      <header className="flex flex-wrap items-end gap-x-4 gap-y-3 px-4 pt-4 pb-4 md:px-6">
        <div className="min-w-0 flex-1 basis-52 space-y-1">
          {crumbs && crumbs.length > 0 && <Breadcrumbs crumbs={crumbs} />}
          {heading ?? <h1 className="truncate text-xl font-semibold tracking-tight">{title}</h1>}
          {note && <div className="text-sm text-muted">{note}</div>}
        </div>
        {acts && <div className="flex flex-wrap items-center gap-2 has-[input[type=search]]:max-sm:w-full">{acts}</div>}
      </header>
      <div className={cn("min-w-0 flex-1 px-4 pb-6 md:px-6", fill && "flex min-h-0 flex-col")}>{children}</div>
    </div>
  );
}

/** A second row of links under a heading; each is a URL of its own. */
export function TabLink({
  to,
  params,
  exact,
  children,
}: {
  to: string;
  params?: Record<string, string>;
  exact?: boolean;
  children: ReactNode;
}) {
  return (
    <Link
      to={to}
      params={params as never}
      activeOptions={{ exact: exact ?? false, includeSearch: false }}
      className="-mb-px flex h-9 shrink-0 items-center border-b-2 border-transparent px-0.5 text-sm text-muted hover:text-ink"
      activeProps={{ className: "!border-accent !text-ink font-medium", "aria-current": "page" }}
    >
      {children}
    </Link>
  );
}

export function TabBar({ label, children }: { label: string; children: ReactNode }) {
  const bar = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page makes another tab the current one
  useEffect(() => {
    const current = bar.current?.querySelector<HTMLElement>('[aria-current="page"]');
    if (bar.current && current) bar.current.scrollLeft = current.offsetLeft - bar.current.clientWidth / 2;
  }, [pathname]);
  return (
    <nav ref={bar} aria-label={label} className="relative flex gap-5 overflow-x-auto border-b [scrollbar-width:none]">
      {children}
    </nav>
  );
}
