import { X } from "lucide-react";
import { Button, IconButton } from "@/components/button";
import { useOpenDialog } from "@/components/dialog-host";
import type { MachineAct, MachineTarget } from "@/features/define-feature";
import { counted } from "@/lib/format";

/** What is selected, and what can be done with it. */
export function SelectionBar({
  selected,
  all,
  busy,
  acts,
  target,
  onClear,
}: {
  selected: number;
  all: boolean;
  busy: boolean;
  acts: readonly MachineAct[];
  target: () => MachineTarget;
  onClear: () => void;
}) {
  const open = useOpenDialog();
  return (
    <div
      role="toolbar"
      aria-label="Selected machines"
      className="absolute inset-x-4 bottom-4 z-20 mx-auto flex w-fit max-w-[calc(100%-32px)] animate-appear flex-wrap items-center gap-2 rounded-lg border border-accent/40 bg-overlay px-3 py-2"
    >
      <span className="text-sm" role="status">
        {busy
          ? "Selecting…"
          : all
            ? `All ${counted(selected, "machine")} that match`
            : `${counted(selected, "machine")} selected`}
      </span>
      {acts.map(({ label, icon: Icon, start }) => (
        <Button key={label} size="small" variant="primary" disabled={busy} onClick={() => start(target(), open)}>
          <Icon aria-hidden="true" className="size-3" /> {label}
          <span className="sr-only"> on {counted(selected, "machine")}</span>
        </Button>
      ))}
      <IconButton label="Clear the selection" size="small" className="w-7 px-0" onClick={onClear}>
        <X aria-hidden="true" className="size-3.5" />
      </IconButton>
    </div>
  );
}
