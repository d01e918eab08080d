import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { EventRow } from "@/api/contract";
import { nounOf } from "@/api/live-contribution";
import { Time } from "@/components/time";
import { useEventKinds } from "@/features/collected";
import { cn } from "@/lib/cn";
import { counted } from "@/lib/format";
import { type Folded, folded, machinesOf } from "../api/fold";
import { EventLine } from "./event-line";

/** Events as lines; what happens many times in a row is one that opens. */
export function EventList({ events, name, most }: { events: readonly EventRow[]; name: string; most?: number }) {
  const kinds = useEventKinds();
  const wordsFor = (event: string) => kinds.find(({ noun }) => noun === nounOf(event))?.many?.[event];
  const lines = folded(events, (event) => wordsFor(event) !== undefined).slice(0, most);
  return (
    <ul className="divide-y divide-line/60" aria-label={name}>
      {lines.map((line) => {
        const [first] = line.events;
        if (first === undefined) return null;
        const words = line.events.length > 1 ? wordsFor(first.name) : undefined;
        return (
          <li key={line.id} className="animate-appear">
            {words ? (
              <Fold line={line} text={words(counted(machinesOf(line.events), "machine"))} />
            ) : (
              <EventLine event={first} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Fold({ line, text }: { line: Folded; text: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex w-full items-start gap-2.5 px-4 py-2 text-left hover:bg-overlay/60"
      >
        <ChevronRight aria-hidden="true" className={cn("mt-0.5 size-3.5 shrink-0 text-muted", open && "rotate-90")} />
        <span className="min-w-0 flex-1 text-sm leading-snug">{text}</span>
        <Time at={line.events[0]?.at} className="shrink-0 pt-px text-muted text-xs" />
      </button>
      {open && (
        <ul className="pl-4">
          {line.events.map((event) => (
            <li key={event.id}>
              <EventLine event={event} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
