import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface MenuItem {
  label: string;
  /** Where several have the same label. */
  key?: string;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

export function Menu({
  trigger,
  items,
  align = "end",
}: {
  trigger: ReactNode;
  items: MenuItem[];
  align?: "start" | "end";
}) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            // An entry that opened a dialog leaves the focus there.
            if (document.querySelector('[role="dialog"]')) event.preventDefault();
          }}
          className="z-50 max-h-80 min-w-44 max-w-80 animate-appear overflow-y-auto rounded-md border bg-overlay p-1"
        >
          {items.map((item) => (
            <DropdownMenu.Item
              key={item.key ?? item.label}
              disabled={item.disabled}
              onSelect={item.onSelect}
              className={cn(
                "flex h-8 cursor-pointer select-none items-center truncate rounded px-2.5 text-sm outline-none data-[highlighted]:bg-line",
                item.danger && "text-bad",
                item.disabled && "pointer-events-none opacity-45",
              )}
            >
              {item.label}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
