import { Check, Columns3 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { IconButton } from "@/components/button";

export interface ColumnChoice {
  id: string;
  name: string;
}

const ITEM =
  "flex h-8 cursor-pointer select-none items-center gap-2 rounded pr-3 pl-7 text-sm outline-none data-[highlighted]:bg-line";

/** Which columns the fleet shows. Their order and widths are changed at their headings. */
export function ColumnMenu({
  choices,
  hidden,
  onChange,
  onReset,
}: {
  choices: ColumnChoice[];
  hidden: ReadonlySet<string>;
  onChange: (hidden: ReadonlySet<string>) => void;
  onReset: () => void;
}) {
  const toggle = (id: string) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <IconButton label="Columns" className="max-md:hidden">
          <Columns3 aria-hidden="true" className="size-4" strokeWidth={1.75} />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="z-50 min-w-44 animate-appear rounded-md border bg-overlay p-1"
        >
          <p className="max-w-52 px-3 py-1.5 text-muted text-xs">
            Drag a heading to move its column, its right edge to make it wider.
          </p>
          {choices.map(({ id, name }) => (
            <DropdownMenu.CheckboxItem
              key={id}
              checked={!hidden.has(id)}
              onCheckedChange={() => toggle(id)}
              onSelect={(event) => event.preventDefault()}
              className={ITEM}
            >
              <DropdownMenu.ItemIndicator className="absolute left-2.5">
                <Check aria-hidden="true" className="size-3.5" />
              </DropdownMenu.ItemIndicator>
              {name}
            </DropdownMenu.CheckboxItem>
          ))}
          <DropdownMenu.Item onSelect={onReset} className={ITEM}>
            As they were at first
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
