import { Link } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import type { EventRow } from "@/api/contract";
import { nounOf } from "@/api/live-contribution";
import { useCan } from "@/api/use-sign-in";
import { Time } from "@/components/time";
import { useEventKinds } from "@/features/collected";
import { cn } from "@/lib/cn";
import { visibleLine } from "@/lib/visible-text";

/** A sentence in which a machine's name keeps its own direction and turns nothing around it. */
function Sentence({ text, name }: { text: string; name: string }) {
  const at = name === "" ? -1 : text.indexOf(name);
  if (at < 0) return <bdi>{text}</bdi>;
  return (
    <bdi dir="ltr">
      {text.slice(0, at)}
      <bdi>{name}</bdi>
      {text.slice(at + name.length)}
    </bdi>
  );
}

/** One event as a sentence; it leads to what it tells of, else to the machine or Site it speaks of. */
export function EventLine({ event }: { event: EventRow }) {
  const kind = useEventKinds().find(({ noun }) => noun === nounOf(event.name));
  const seesSubject = useCan(kind?.subject?.needs ?? "");
  const Icon = kind?.icon ?? Boxes;
  const body = (
    <>
      <Icon
        aria-hidden="true"
        className={cn("mt-0.5 size-3.5 shrink-0", kind?.tones?.[event.name] ?? "text-muted")}
        strokeWidth={1.75}
      />
      <span className="min-w-0 flex-1 text-sm leading-snug [overflow-wrap:anywhere] line-clamp-2">
        <Sentence text={visibleLine(event.text)} name={visibleLine(event.hostname ?? "")} />
      </span>
      <Time at={event.at} className="shrink-0 pt-px text-muted text-xs" />
    </>
  );
  const shape = "flex items-start gap-2.5 px-4 py-2";
  if (kind?.subject && seesSubject && event.subject_id) {
    const { to, param } = kind.subject;
    return (
      <Link to={to as string} params={{ [param]: event.subject_id }} className={cn(shape, "hover:bg-overlay/60")}>
        {body}
      </Link>
    );
  }
  if (event.agent_id) {
    return (
      <Link to="/agents/$agentId" params={{ agentId: event.agent_id }} className={cn(shape, "hover:bg-overlay/60")}>
        {body}
      </Link>
    );
  }
  if (event.site_id) {
    return (
      <Link to="/sites/$siteId" params={{ siteId: event.site_id }} className={cn(shape, "hover:bg-overlay/60")}>
        {body}
      </Link>
    );
  }
  return <div className={shape}>{body}</div>;
}
