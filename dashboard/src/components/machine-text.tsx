import { cn } from "@/lib/cn";
import { visibleLine } from "@/lib/visible-text";

/** A word that a machine said: as text, in the machine's type, its own direction kept from turning the line around it. */
export function MachineText({ children, className, title }: { children: string; className?: string; title?: string }) {
  const text = visibleLine(children);
  return (
    <bdi className={cn("font-mono", className)} title={title ?? text}>
      {text}
    </bdi>
  );
}
