import { RefreshCw } from "lucide-react";
import { counted } from "@/lib/format";
import { Button } from "./button";

/** The offer to read a list again; nothing when nothing has changed. */
export function ChangesChip({ changes, onShow, busy }: { changes: number; onShow: () => void; busy: boolean }) {
  if (changes === 0) return null;
  return (
    <Button size="small" onClick={onShow} busy={busy}>
      <RefreshCw aria-hidden="true" className="size-3" /> {counted(changes, "change")}: show
    </Button>
  );
}
