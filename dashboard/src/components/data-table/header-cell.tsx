import { flexRender, type Header } from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { KeyboardEvent, PointerEvent } from "react";
import { cn } from "@/lib/cn";
import { PINNED, pinnedStyle } from "./pinned";

/** The next sort after a click on a heading: first direction, other direction, back to the list's own order. */
export function nextSort(current: string | undefined, name: string, downFirst: boolean): string | undefined {
  const first = downFirst ? `-${name}` : name;
  const second = downFirst ? name : `-${name}`;
  if (current === first) return second;
  return current === second ? undefined : first;
}

/** What a heading can do with its column: drag it, make it wider. */
export interface HeaderActs {
  width: number;
  resize: (id: string, width: number) => void;
  move: (id: string, before: string) => void;
}

const STEP = 16;
const DRAGGED = "application/x-gururmm-column";

export function HeaderCell<T, S extends string>({
  header,
  sort,
  onSort,
  pinnedAt,
  acts,
}: {
  header: Header<T, unknown>;
  sort?: S;
  onSort?: (sort: S | undefined) => void;
  pinnedAt?: number;
  acts?: HeaderActs;
}) {
  const meta = header.column.columnDef.meta;
  const name = meta?.sort;
  const up = sort === name && name !== undefined;
  const down = sort === `-${name}`;
  const content = flexRender(header.column.columnDef.header, header.getContext());
  const Arrow = down ? ArrowDown : ArrowUp;
  const { id } = header.column;
  const movable = acts !== undefined && !meta?.pinned;
  return (
    <th
      scope="col"
      aria-sort={up ? "ascending" : down ? "descending" : undefined}
      style={pinnedAt === undefined ? undefined : pinnedStyle(pinnedAt)}
      draggable={movable}
      onDragStart={(event) => event.dataTransfer.setData(DRAGGED, id)}
      onDragOver={(event) => movable && event.dataTransfer.types.includes(DRAGGED) && event.preventDefault()}
      onDrop={(event) => {
        const dragged = event.dataTransfer.getData(DRAGGED);
        if (movable && dragged !== "") acts.move(dragged, id);
      }}
      className={cn(
        "relative h-9 border-b bg-canvas px-2 text-left font-medium text-muted text-xs first:pl-4 md:first:pl-6 last:pr-4 md:last:pr-6",
        meta?.className,
        pinnedAt !== undefined && cn(PINNED, "group-data-sideways/table:z-[2]"),
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
      {acts && id !== "select" && <Resizer id={id} name={String(header.column.columnDef.header)} acts={acts} />}
    </th>
  );
}

/** The right edge of a heading: dragged, or with the arrow keys, it makes the column wider. */
function Resizer({ id, name, acts }: { id: string; name: string; acts: HeaderActs }) {
  const start = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    const { currentTarget: handle, clientX: from, pointerId } = event;
    const { width } = acts;
    handle.setPointerCapture(pointerId);
    const drag = (moved: globalThis.PointerEvent) => acts.resize(id, width + moved.clientX - from);
    const end = () => {
      handle.removeEventListener("pointermove", drag);
      handle.removeEventListener("lostpointercapture", end);
    };
    handle.addEventListener("pointermove", drag);
    handle.addEventListener("lostpointercapture", end);
  };
  const step = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? STEP : event.key === "ArrowLeft" ? -STEP : 0;
    if (by === 0) return;
    event.preventDefault();
    acts.resize(id, acts.width + by);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved has no element of its own
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${name}`}
      aria-valuenow={acts.width}
      tabIndex={0}
      draggable
      onDragStart={(event) => {
        event.preventDefault();
        event.stopPropagation();
      }}
      onPointerDown={start}
      onKeyDown={step}
      className="absolute inset-y-1 right-0 w-2 cursor-col-resize touch-none border-line border-r hover:border-accent focus-visible:border-accent"
    />
  );
}
