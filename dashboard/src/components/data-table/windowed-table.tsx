import type { ReactNode } from "react";
import type { WindowedList } from "@/api/use-windowed-list";
import { ErrorState } from "../states";
import { DataTable, type DataTableProps } from "./data-table";

type OfTheList = "count" | "rowAt" | "indexOf" | "total" | "loading" | "instead" | "onLook" | "onEnd" | "listName";

/** A DataTable over a list of the server that is looked at in any place: loading, empty, error, rows as they are needed. */
export function WindowedTable<T, S extends string = string>({
  list,
  what,
  empty,
  ...table
}: Omit<DataTableProps<T, S>, OfTheList> & {
  list: WindowedList<T>;
  /** "the machines": completes "We could not load …". */
  what: string;
  empty: ReactNode;
}) {
  const failed = list.error !== null && list.total === null;
  return (
    <>
      <DataTable<T, S>
        {...table}
        count={list.total ?? 0}
        rowAt={list.rowAt}
        indexOf={list.indexOf}
        total={list.total}
        loading={list.isPending}
        onLook={list.look}
        listName={list.name}
        instead={
          failed ? <ErrorState error={list.error} what={`We could not load ${what}.`} onRetry={list.refetch} /> : empty
        }
      />
      {list.error !== null && list.total !== null && (
        <p role="alert" className="flex items-center justify-between gap-3 border-t px-4 py-2 text-sm">
          <span>
            <span className="text-bad">We could not load more of {what}.</span>{" "}
            <span className="text-muted">What you see was kept.</span>
          </span>
          <button type="button" className="text-accent hover:underline" onClick={list.refetch}>
            Try again
          </button>
        </p>
      )}
    </>
  );
}
