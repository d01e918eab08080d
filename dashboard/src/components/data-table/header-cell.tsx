import { flexRender, type Header } from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import { cn } from "@/lib/cn";

/** The next sort after a click on a heading: first direction, other direction, back to the list's own order. */
export function nextSort(current: string | undefined, name: string, downFirst: boolean): string | undefined {
  const first = downFirst ? `-${name}` : name;
  const second = downFirst ? name : `-${name}`;
  if (current === first) return second;
  return current === second ? undefined : first;
}

export function HeaderCell<T, S extends string>({
  header,
  sort,
  onSort,
}: {
  header: Header<T, unknown>;
  sort?: S;
  onSort?: (sort: S | undefined) => void;
}) {
  const meta = header.column.columnDef.meta;
  const name = meta?.sort;
  const up = sort === name && name !== undefined;
  const down = sort === `-${name}`;
  const content = flexRender(header.column.columnDef.header, header.getContext());
  const Arrow = down ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      aria-sort={up ? "ascending" : down ? "descending" : undefined}
      className={cn(
        "h-9 border-b bg-canvas px-2 text-left font-medium text-muted text-xs first:pl-4 md:first:pl-6 last:pr-4 md:last:pr-6",
        meta?.className,
      )}
    >
      {name && onSort ? (
        <button
          type="button"
          onClick={() => onSort(nextSort(sort, name, meta?.downFirst ?? false) as S | undefined)}
          className={cn(
            "group flex w-full items-center gap-1 hover:text-ink",
            meta?.right && "justify-end",
            (up || down) && "text-ink",
          )}
        >
          <span className="truncate">{content}</span>
          <Arrow
            aria-hidden="true"
            className={cn("size-3 shrink-0", up || down ? "" : "opacity-0 group-hover:opacity-40")}
          />
        </button>
      ) : (
        <span className={cn("flex truncate", meta?.right && "justify-end")}>{content}</span>
      )}
    </th>
  );
}
