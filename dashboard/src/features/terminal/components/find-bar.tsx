import { ChevronDown, ChevronUp, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { IconButton } from "@/components/button";
import { TextField } from "@/components/field";
import { count } from "@/lib/format";
import type { TerminalSession } from "../engine/terminal-session";

/** Looks for a text in what the shell has shown, the newest first. */
export function FindBar({ session, onClose }: { session: TerminalSession; onClose: () => void }) {
  const [text, setText] = useState("");
  const [shown, setShown] = useState<{ at: number; of: number } | null>(null);
  const field = useRef<HTMLDivElement>(null);
  useEffect(() => field.current?.querySelector("input")?.focus(), []);
  /** Goes `step` places up (older), or begins with the newest. What is shown may have grown since: it is looked for anew. */
  const go = (wanted: string, step: number | null) => {
    const places = session.find(wanted);
    const last = places.length - 1;
    const at = step === null || !shown ? last : (shown.at - step + places.length) % places.length;
    const place = places[at];
    setShown(wanted === "" ? null : { at, of: places.length });
    if (!place) return session.terminal.clearSelection();
    session.terminal.select(place.column, place.row, place.length);
    session.terminal.scrollToLine(Math.max(0, place.row - Math.floor(session.terminal.rows / 2)));
  };
  return (
    <search className="absolute top-2 right-4 z-10 flex items-center gap-1 rounded-md border bg-overlay p-1.5 max-md:inset-x-2">
      <div ref={field} className="w-56 max-md:w-auto max-md:flex-1">
        <TextField
          label="Find in the terminal"
          hideLabel
          placeholder="Find"
          className="h-7"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            go(event.target.value, null);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") go(text, event.shiftKey ? -1 : 1);
            if (event.key === "Escape") onClose();
          }}
        />
      </div>
      <span role="status" className="min-w-16 text-center font-mono text-muted text-xs">
        {shown && (shown.of === 0 ? "Not found" : `${count(shown.of - shown.at)} of ${count(shown.of)}`)}
      </span>
      <IconButton label="Further up" className="size-7" onClick={() => go(text, 1)}>
        <ChevronUp aria-hidden="true" className="size-4" />
      </IconButton>
      <IconButton label="Further down" className="size-7" onClick={() => go(text, -1)}>
        <ChevronDown aria-hidden="true" className="size-4" />
      </IconButton>
      <IconButton label="Close the search" className="size-7" onClick={onClose}>
        <X aria-hidden="true" className="size-4" />
      </IconButton>
    </search>
  );
}
