import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { cn } from "@/lib/cn";
import { IconButton } from "./button";

export function Dialog({
  open,
  onClose,
  title,
  description,
  children,
  staysOpen = false,
  className,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  /** Only a button of it closes it: what it shows is shown once. */
  staysOpen?: boolean;
  className?: string;
}) {
  const content = useRef<HTMLDivElement>(null);
  const refuse = (event: Event) => staysOpen && event.preventDefault();
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 animate-appear bg-canvas/70 backdrop-blur-[2px]" />
        <Radix.Content
          ref={content}
          aria-describedby={description ? undefined : ""}
          onEscapeKeyDown={refuse}
          onInteractOutside={refuse}
          onOpenAutoFocus={(event) => {
            const first = firstToFill(content.current);
            if (first === null) return;
            event.preventDefault();
            first.focus();
          }}
          className={cn(
            "fixed z-50 flex animate-appear flex-col border bg-raised outline-none",
            "max-md:inset-x-0 max-md:bottom-0 max-md:max-h-[92dvh] max-md:rounded-t-xl",
            "md:top-[12vh] md:left-1/2 md:max-h-[76vh] md:w-[520px] md:-translate-x-1/2 md:rounded-lg",
            className,
          )}
        >
          <div className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description && <Radix.Description className="mt-1 text-sm text-muted">{description}</Radix.Description>}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close">
                <X aria-hidden="true" className="size-4" />
              </IconButton>
            </Radix.Close>
          </div>
          <div data-dialog-body="" className="min-h-0 flex-1 overflow-y-auto px-5 pt-1 pb-5">
            {children}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** What is to be filled in first, or what the dialog is for; not the sign that closes it. */
function firstToFill(content: HTMLElement | null): HTMLElement | null {
  const body = content?.querySelector<HTMLElement>("[data-dialog-body]");
  if (!body) return null;
  if (body.contains(document.activeElement)) return document.activeElement as HTMLElement;
  return (
    body.querySelector<HTMLElement>("[autofocus], input:not([type=hidden], [hidden], [readonly]), textarea, select") ??
    body.querySelector<HTMLElement>("button[type=submit], button, a")
  );
}

export function DialogActs({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap justify-end gap-2 pt-2">{children}</div>;
}
