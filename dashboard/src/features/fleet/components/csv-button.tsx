import { Download } from "lucide-react";
import type { AgentRow } from "@/api/contract";
import { useAct } from "@/api/use-act";
import { useMe } from "@/api/use-sign-in";
import type { WindowedList } from "@/api/use-windowed-list";
import { IconButton } from "@/components/button";
import { notifyDone, notifyError } from "@/components/notify";
import { counted } from "@/lib/format";
import { machinesAsCsv } from "../api/csv";

/** Saves everything that the list holds, in its order, for a spreadsheet. */
export function CsvButton({ list, total }: { list: WindowedList<AgentRow>; total: number }) {
  const me = useMe();
  const save = useAct({
    mutationFn: () => list.between(0, total - 1),
    onSuccess: (rows) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([machinesAsCsv(rows, me)], { type: "text/csv" }));
      link.download = `machines-${new Date().toISOString().slice(0, 10)}.csv`;
      link.click();
      URL.revokeObjectURL(link.href);
      notifyDone(`${counted(rows.length, "machine")} saved as CSV.`);
    },
    onError: (error) => notifyError("Nothing was saved.", error),
  });
  return (
    <IconButton
      label="Save the list as CSV"
      onClick={() => save.mutate()}
      busy={save.isPending}
      disabled={total === 0}
      className="max-md:hidden"
    >
      <Download aria-hidden="true" className="size-4" strokeWidth={1.75} />
    </IconButton>
  );
}
