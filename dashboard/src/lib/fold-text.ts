const MARKS = /[\u0300-\u036f]/g;

/** A text without marks and case, as the server's search compares it: izmir finds İzmir. */
export function foldText(text: string): string {
  return text.normalize("NFKD").replace(MARKS, "").toLowerCase();
}
