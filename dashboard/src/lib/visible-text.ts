const BIDI_AND_INVISIBLE = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the characters to be made visible
const CONTROLS_BUT_TAB_AND_LINE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, for text on one line
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "␡";
  return hex(character);
}

function hex(character: string): string {
  return `⟨${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** A machine's word for one line: control and direction characters become visible signs. */
export function visibleLine(text: string): string {
  return text.replace(CONTROLS, picture).replace(BIDI_AND_INVISIBLE, hex);
}

/** As `visibleLine`, for output: tabs and line ends keep their work. */
export function visibleBlock(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROLS_BUT_TAB_AND_LINE, picture).replace(BIDI_AND_INVISIBLE, hex);
}
