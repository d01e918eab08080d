/** Finding text in what a terminal has shown. */
import type { IBuffer, IBufferLine } from "@xterm/xterm";

/** Where a text stands: its first cell, and how many cells it takes. */
export interface Place {
  row: number;
  column: number;
  length: number;
}

type Lines = Pick<IBuffer, "length" | "getLine">;

/** Every place of the text, upper and lower case alike, from the top; also where the line is broken by the window. */
export function placesOf(lines: Lines, columns: number, text: string): Place[] {
  const wanted = text.toLowerCase();
  if (wanted === "") return [];
  const found: Place[] = [];
  for (let row = 0; row < lines.length; ) {
    const parts = wrappedFrom(lines, row);
    const shown = parts.map((part) => part.translateToString()).join("");
    if (shown.toLowerCase().includes(wanted)) found.push(...inLine(parts, row, columns, wanted));
    row += parts.length;
  }
  return found;
}

function wrappedFrom(lines: Lines, row: number): IBufferLine[] {
  const parts: IBufferLine[] = [];
  for (let line = lines.getLine(row); line; line = lines.getLine(row + parts.length)) {
    if (parts.length > 0 && !line.isWrapped) break;
    parts.push(line);
  }
  return parts;
}

function inLine(parts: IBufferLine[], row: number, columns: number, wanted: string): Place[] {
  let shown = "";
  const cellOf: number[] = []; // a character may take two cells, and a cell hold several code units
  parts.forEach((part, index) => {
    for (let column = 0; column < part.length; column++) {
      const cell = part.getCell(column);
      if (!cell || cell.getWidth() === 0) continue;
      const characters = cell.getChars().toLowerCase() || " ";
      shown += characters;
      cellOf.push(...Array.from({ length: characters.length }, () => index * columns + column));
    }
  });
  const places: Place[] = [];
  for (let at = shown.indexOf(wanted); at >= 0; at = shown.indexOf(wanted, at + wanted.length)) {
    const start = cellOf[at] ?? 0;
    const end = cellOf[at + wanted.length] ?? parts.length * columns;
    places.push({ row: row + Math.floor(start / columns), column: start % columns, length: end - start });
  }
  return places;
}
