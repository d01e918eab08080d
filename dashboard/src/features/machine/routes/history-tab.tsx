import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { History } from "lucide-react";
import { useState } from "react";
import type { ChangeRow } from "@/api/contract";
import { Badge } from "@/components/badge";
import { ListTable } from "@/components/data-table/list-table";
import { Dialog } from "@/components/dialog";
import { SelectField } from "@/components/field";
import { MachineText } from "@/components/machine-text";
import { SearchField } from "@/components/search-field";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { exactTime, words } from "@/lib/format";
import { visibleBlock, visibleLine } from "@/lib/visible-text";
import { changesQuery } from "../api/queries";

const SECTIONS = ["system", "hardware", "disks", "network", "temperatures", "users", "software"];
const TONES = { added: "ok", changed: "info", removed: "bad" } as const;
const route = getRouteApi("/app/agents/$agentId/history");
const rowId = (row: ChangeRow) => row.id;

/** What the server says instead of a value that it did not keep. */
function notKept(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return null;
  const { truncated, bytes, left_out: leftOut } = value as Record<string, unknown>;
  if (truncated === true && typeof bytes === "number") return `Too long to keep: ${bytes} bytes of JSON`;
  if (typeof leftOut === "number") return `${leftOut} more changes were not kept`;
  return null;
}

function brief(value: unknown): string {
  if (value === null || value === undefined) return "–";
  const instead = notKept(value);
  if (instead !== null) return instead;
  return visibleLine(typeof value === "object" ? JSON.stringify(value) : String(value));
}

const COLUMNS: ColumnDef<ChangeRow, unknown>[] = [
  {
    id: "at",
    header: "When",
    meta: { className: "w-28 max-md:w-24" },
    cell: ({ row }) => <Time at={row.original.at} className="text-muted" />,
  },
  {
    id: "change",
    header: "Change",
    meta: { className: "w-24" },
    cell: ({ row }) => <Badge tone={TONES[row.original.change]}>{words(row.original.change)}</Badge>,
  },
  {
    id: "section",
    header: "Section",
    meta: { className: "w-28 max-md:hidden" },
    cell: ({ row }) => words(row.original.section),
  },
  {
    id: "key",
    header: "What",
    meta: { className: "md:w-56" },
    cell: ({ row }) => <MachineText className="text-xs">{row.original.key}</MachineText>,
  },
  {
    id: "before",
    header: "Before",
    meta: { className: "max-md:hidden" },
    cell: ({ row }) => <span className="font-mono text-muted text-xs">{brief(row.original.before)}</span>,
  },
  {
    id: "after",
    header: "After",
    meta: { className: "max-md:hidden" },
    cell: ({ row }) => <span className="font-mono text-xs">{brief(row.original.after)}</span>,
  },
];

/** What changed before it broke. */
export function HistoryTab() {
  const { agentId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [open, setOpen] = useState<ChangeRow | null>(null);
  const changes = useInfiniteQuery(changesQuery(agentId, { ...search }));
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => navigate({ search: { ...search, search: text }, replace: true })}
          label="Search changes"
          className="min-w-48 flex-1 md:max-w-sm"
        />
        <SelectField
          label="Section"
          hideLabel
          className="h-8 w-auto"
          value={search.section ?? ""}
          onChange={(event) =>
            navigate({ search: { ...search, section: event.target.value || undefined }, replace: true })
          }
        >
          <option value="">Every section</option>
          {SECTIONS.map((section) => (
            <option key={section} value={section}>
              {words(section)}
            </option>
          ))}
        </SelectField>
      </div>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<ChangeRow>
          name="Changes"
          what="the changes"
          list={changes}
          columns={COLUMNS}
          rowId={rowId}
          onOpen={setOpen}
          empty={
            <EmptyState icon={History}>
              {search.search || search.section
                ? "No change matches."
                : "Changes of hardware, software and settings will be listed here from the first one on."}
            </EmptyState>
          }
        />
      </div>
      {open && (
        <Dialog
          open
          onClose={() => setOpen(null)}
          title={`${words(open.section)} ${open.change}`}
          description={exactTime(open.at)}
          className="md:w-[640px]"
        >
          <MachineText className="block pb-3 text-sm [overflow-wrap:anywhere]">{open.key}</MachineText>
          <div className="grid gap-3 md:grid-cols-2">
            <Side title="Before" value={open.before} />
            <Side title="After" value={open.after} />
          </div>
        </Dialog>
      )}
    </>
  );
}

function Side({ title, value }: { title: string; value: unknown }) {
  return (
    <div className="min-w-0">
      <p className="pb-1 text-muted text-xs">{title}</p>
      <pre className="max-h-80 overflow-auto whitespace-pre-wrap rounded-md border bg-canvas p-3 font-mono text-xs [overflow-wrap:anywhere]">
        {value === null || value === undefined
          ? "Nothing"
          : (notKept(value) ?? visibleBlock(typeof value === "string" ? value : JSON.stringify(value, null, 2)))}
      </pre>
    </div>
  );
}
