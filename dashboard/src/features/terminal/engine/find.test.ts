import { expect, it } from "vitest";
import { placesOf } from "./find";

/** A buffer of rows; one that begins with "↪" goes on with the row before. Wide characters take two cells. */
function buffer(columns: number, ...rows: string[]) {
  const lines = rows.map((row) => {
    const isWrapped = row.startsWith("↪");
    const cells = [...row.replace(/^↪/, "")].flatMap((character) =>
      /[漢字]/.test(character)
        ? [
            { chars: character, width: 2 },
            { chars: "", width: 0 },
          ]
        : [{ chars: character, width: 1 }],
    );
    while (cells.length < columns) cells.push({ chars: "", width: 1 });
    return {
      isWrapped,
      length: columns,
      getCell: (at: number) => ({ getChars: () => cells[at]?.chars, getWidth: () => cells[at]?.width }),
      translateToString: () => cells.map(({ chars, width }) => (width === 0 ? "" : chars || " ")).join(""),
    };
  });
  return { length: lines.length, getLine: (row: number) => lines[row] } as never;
}

it("finds every place from the top, whatever the case", () => {
  const lines = buffer(20, "Error: one", "fine", "an error, an ERROR");
  expect(placesOf(lines, 20, "error")).toEqual([
    { row: 0, column: 0, length: 5 },
    { row: 2, column: 3, length: 5 },
    { row: 2, column: 13, length: 5 },
  ]);
  expect(placesOf(lines, 20, "")).toEqual([]);
  expect(placesOf(lines, 20, "nothing")).toEqual([]);
});

it("finds a text that the window's edge broke", () => {
  expect(placesOf(buffer(8, "see /var", "↪/log now", "end"), 8, "/var/log")).toEqual([
    { row: 0, column: 4, length: 8 },
  ]);
});

it("counts cells, not characters", () => {
  expect(placesOf(buffer(12, "漢字 ok 漢 ok"), 12, "ok")).toEqual([{ row: 0, column: 5, length: 2 }]);
  expect(placesOf(buffer(16, "漢字 ok 漢 ok"), 16, "漢 ok")).toEqual([{ row: 0, column: 8, length: 5 }]);
});
