import type { CSSProperties } from "react";

/** A cell that stays in sight while its table is scrolled sideways; until then it costs nothing. */
export const PINNED = "group-data-sideways/table:sticky group-data-sideways/table:left-(--pin)";

export function pinnedStyle(left: number): CSSProperties {
  return { "--pin": `${left}px` } as CSSProperties;
}
