import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ReactNode, useCallback, useMemo } from "react";
import type { List } from "@/api/paths";
import { rowsOf, totalOf } from "@/api/queries";
import { ErrorState } from "../states";
import { DataTable, type DataTableProps } from "./data-table";

type ListResult<T> = UseInfiniteQueryResult<InfiniteData<List<T>>, Error>;

type OfTheList = "count" | "rowAt" | "indexOf" | "total" | "loading" | "instead" | "onEnd" | "fetchingMore";

/** A DataTable over a list of the server: loading, empty, error, and further pages as one scrolls. */
export function ListTable<T, S extends string = string>({
  list,
  what,
  empty,
  ...table
}: Omit<DataTableProps<T, S>, OfTheList> & {
  list: ListResult<T>;
  /** "the machines": completes "We could not load …". */
  what: string;
  empty: ReactNode;
}) {
  const rows = useMemo(() => rowsOf(list.data), [list.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const failed = list.isError && !list.data;
  return (
    <>
      <DataTable<T, S>
        {...table}
        {...rowsAsTable(rows, table.rowId)}
        total={totalOf(list.data)}
        loading={list.isPending}
        fetchingMore={isFetchingNextPage}
        onEnd={more}
        instead={
          failed ? (
            <ErrorState error={list.error} what={`We could not load ${what}.`} onRetry={() => list.refetch()} />
          ) : (
            empty
          )
        }
      />
      {list.isError && list.data && (
        <p role="alert" className="flex items-center justify-between gap-3 border-t px-4 py-2 text-sm">
          <span>
            <span className="text-bad">We could not load more of {what}.</span>{" "}
            <span className="text-muted">What you see was kept.</span>
          </span>
          <button
            type="button"
            className="text-accent hover:underline"
            onClick={() => (isFetchNextPageError ? fetchNextPage() : list.refetch())}
          >
            Try again
          </button>
        </p>
      )}
    </>
  );
}

/** Rows that are all there, as a table takes them. */
export function rowsAsTable<T>(rows: readonly T[], rowId: (row: T) => string) {
  return {
    count: rows.length,
    rowAt: (index: number) => rows[index],
    indexOf: (id: string) => rows.findIndex((row) => rowId(row) === id),
  };
}
