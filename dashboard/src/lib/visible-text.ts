/**
 * Control, direction and other invisible characters as signs one can see: ⟨ESC⟩, ⟨CR⟩, ⟨202E⟩. Written in characters
 * that the served fonts have; the control pictures of Unicode (␛) are mapped too, since most fonts lack them.
 */
const NAMES =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );
const BIDI_AND_INVISIBLE = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
const PICTURES = /[\u2400-\u2421]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the characters to be made visible
const CONTROLS_BUT_TAB_AND_LINE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, for text on one line
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

function named(code: number): string {
  const name = code === 0x7f ? "DEL" : NAMES[code];
  return `⟨${name ?? code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

function control(character: string): string {
  return named(character.charCodeAt(0));
}

function picture(character: string): string {
  const code = character.charCodeAt(0) - 0x2400;
  return named(code === 0x21 ? 0x7f : code);
}

/** A machine's word for one line. */
export function visibleLine(text: string): string {
  return text.replace(CONTROLS, control).replace(PICTURES, picture).replace(BIDI_AND_INVISIBLE, control);
}

/** As `visibleLine`, for output: tabs and line ends keep their work. */
export function visibleBlock(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(CONTROLS_BUT_TAB_AND_LINE, control)
    .replace(PICTURES, picture)
    .replace(BIDI_AND_INVISIBLE, control);
}
