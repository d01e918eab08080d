/** Which rows of a table are chosen, be they loaded or not. */
export interface Selection<T> {
  has: (id: string) => boolean;
  /** How many rows are chosen. */
  size: number;
  /** Everything that the list holds is chosen. */
  all: boolean;
  onAll: (all: boolean) => void;
  /** A row was pressed; `range`: with everything from the last one to it. */
  onToggle: (row: T, index: number, range: boolean) => void;
}
