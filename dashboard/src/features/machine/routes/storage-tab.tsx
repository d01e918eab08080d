import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Folder, HardDrive } from "lucide-react";
import { agentQuery } from "@/api/queries";
import { useCan } from "@/api/use-sign-in";
import { Card, CardHeader } from "@/components/card";
import { MachineText } from "@/components/machine-text";
import { Meter } from "@/components/meter";
import { EmptyState, SkeletonLines } from "@/components/states";
import { cn } from "@/lib/cn";
import { bytes, count } from "@/lib/format";
import { fullness } from "../api/disks";
import { asText, at, entries, unavailable } from "../api/inventory";
import { foldersQuery } from "../api/queries";
import { UnavailableNote } from "../components/fact-list";
import { LiveError } from "../components/live-error";

const route = getRouteApi("/app/agents/$agentId/storage");

const ACCESS_WORDS: Record<string, string> = {
  became_read_only: "became read-only",
  not_answering: "does not answer",
};

export function StorageTab() {
  const { agentId } = route.useParams();
  const { path } = route.useSearch();
  const inspects = useCan("agents.inspect");
  const { data: agent } = useQuery(agentQuery(agentId));
  const disks = agent?.latest?.disks ?? [];
  const smart = entries(agent?.inventory.disks).filter(([key]) => key.startsWith("smart:"));
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[340px_minmax(0,1fr)]">
      <div className="space-y-4">
        <Card>
          <CardHeader title="Drives" />
          {disks.length === 0 && <p className="px-4 py-6 text-muted text-sm">No drive has been reported yet.</p>}
          <ul className="divide-y divide-line/60">
            {disks.map(({ mount, used, total, free, access }) => (
              <li key={mount}>
                <Link
                  to="/agents/$agentId/storage"
                  params={{ agentId }}
                  search={{ path: mount }}
                  aria-current={path === mount ? "true" : undefined}
                  activeProps={{}}
                  className={cn("block px-4 py-2.5 hover:bg-overlay/60", path === mount && "bg-overlay")}
                >
                  <span className="flex items-center gap-2">
                    <HardDrive aria-hidden="true" className="size-4 shrink-0 text-muted" strokeWidth={1.75} />
                    <MachineText className="min-w-0 flex-1 truncate text-sm">{mount}</MachineText>
                    <span className={cn("text-xs", access in ACCESS_WORDS ? "text-bad" : "text-muted")}>
                      {access === "read_only" ? "read-only" : (ACCESS_WORDS[access] ?? `${bytes(free)} free`)}
                    </span>
                  </span>
                  <Meter value={fullness({ used, total, free })} label={`Used of ${mount}`} className="mt-1.5" />
                  <span className="text-muted text-xs">
                    {[
                      asText(at(agent?.inventory.disks, mount, "device")),
                      asText(at(agent?.inventory.disks, mount, "fstype")),
                      bytes(total),
                    ]
                      .filter(Boolean)
                      .join(" · ")}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </Card>
        {smart.length > 0 && (
          <Card>
            <CardHeader title="SMART health" />
            <ul className="divide-y divide-line/60 text-sm">
              {smart.map(([key, value]) => {
                const missing = unavailable(value);
                return (
                  <li key={key} className="px-4 py-2">
                    <MachineText className="text-xs">{key.slice("smart:".length)}</MachineText>
                    <div>
                      {missing ? (
                        <UnavailableNote why={missing.why} tried={missing.tried} />
                      ) : (
                        <span className={at(value, "passed") === false ? "text-bad" : ""}>
                          {at(value, "passed") === false ? "Failing" : "Passed"}
                        </span>
                      )}
                    </div>
                  </li>
                );
              })}
            </ul>
          </Card>
        )}
      </div>
      {!inspects ? (
        <EmptyState>Your role does not look into folders.</EmptyState>
      ) : path === undefined ? (
        <Card>
          <EmptyState icon={Folder}>
            Choose a drive to see which of its folders are large. The machine measures them when you ask.
          </EmptyState>
        </Card>
      ) : (
        <Folders agentId={agentId} path={path} />
      )}
    </div>
  );
}

function parentOf(path: string): string | null {
  const trimmed = path.replace(/[/\\]+$/, "");
  if (trimmed === "" || /^[A-Za-z]:$/.test(trimmed)) return null;
  const cut = Math.max(trimmed.lastIndexOf("/"), trimmed.lastIndexOf("\\"));
  const parent = trimmed.slice(0, cut);
  return parent === "" ? "/" : /^[A-Za-z]:$/.test(parent) ? `${parent}\\` : parent;
}

function childOf(path: string, name: string): string {
  const separator = path.includes("\\") ? "\\" : "/";
  return path.endsWith(separator) ? `${path}${name}` : `${path}${separator}${name}`;
}

function Folders({ agentId, path }: { agentId: string; path: string }) {
  const folders = useQuery(foldersQuery(agentId, path));
  const parent = parentOf(path);
  const items = [...(folders.data?.items ?? [])].sort((a, b) => b.bytes - a.bytes);
  const largest = items[0]?.bytes ?? 1;
  return (
    <Card className="min-w-0">
      <CardHeader title={<MachineText>{path}</MachineText>}>
        {parent !== null && (
          <Link
            to="/agents/$agentId/storage"
            params={{ agentId }}
            search={{ path: parent }}
            className="text-muted text-xs hover:text-ink hover:underline"
          >
            Up
          </Link>
        )}
      </CardHeader>
      {folders.isPending ? (
        <div className="p-4">
          <p className="pb-4 text-muted text-sm">The machine is measuring; large folders take up to 20 s.</p>
          <SkeletonLines lines={7} />
        </div>
      ) : folders.isError ? (
        <LiveError error={folders.error} what="The folders" onRetry={() => folders.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={Folder}>There are no folders in here.</EmptyState>
      ) : (
        <ul className="divide-y divide-line/60">
          {items.map(({ name, bytes: size, files }) => (
            <li key={name}>
              <Link
                to="/agents/$agentId/storage"
                params={{ agentId }}
                search={{ path: childOf(path, name) }}
                activeProps={{}}
                className="grid grid-cols-[minmax(0,1fr)_96px] items-center gap-x-4 gap-y-1 px-4 py-2 hover:bg-overlay/60 sm:grid-cols-[minmax(0,1fr)_120px_96px_88px]"
              >
                <span className="flex min-w-0 items-center gap-2">
                  <Folder aria-hidden="true" className="size-4 shrink-0 text-muted" strokeWidth={1.75} />
                  <MachineText className="truncate text-sm">{name}</MachineText>
                </span>
                <span className="hidden h-1 overflow-hidden rounded-full bg-overlay sm:block">
                  <span
                    className="block h-full rounded-full bg-accent/70"
                    style={{ width: `${(100 * size) / Math.max(1, largest)}%` }}
                  />
                </span>
                <span className="text-right font-mono text-xs">{bytes(size)}</span>
                <span className="hidden text-right font-mono text-muted text-xs sm:block">{count(files)} files</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      {folders.data?.truncated && (
        <p className="border-t px-4 py-2 text-muted text-xs">
          The measuring was cut short by its limits, so sizes may be larger than shown.
        </p>
      )}
    </Card>
  );
}
