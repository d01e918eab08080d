import type { RowData } from "@tanstack/react-table";

declare module "@tanstack/react-table" {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** The server's name of this sort; absent means the column can't be sorted. */
    sort?: string;
    /** Whether the first click sorts downwards (numbers, times). */
    downFirst?: boolean;
    /** Width and visibility, the same for heading and cells. */
    className?: string;
    /** Its width in px where columns can be moved and made wider, at first. */
    width?: number;
    /** Stays in sight while the others are scrolled sideways. */
    pinned?: boolean;
    /** Numbers stand right. */
    right?: boolean;
  }
}
