/** Which keys are the browser's and the page's, and not the shell's, as people expect it on each system. */

/** "native": the browser does it (a paste needs no permission that way). "shell": it goes to the program. */
export type KeyAct = "shell" | "native" | "copy" | "find" | "leave";

export interface KeyContext {
  /** macOS and iOS: Command is for the browser, and Control is the shell's alone. */
  apple: boolean;
  selected: boolean;
  /** A full-screen program (vim, nano, less) has keys of its own, and Ctrl+V is one of them. */
  fullScreen: boolean;
}

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">;

export function actOf(event: Key, { apple, selected, fullScreen }: KeyContext): KeyAct {
  const { ctrlKey: ctrl, shiftKey: shift, altKey: alt, metaKey: meta } = event;
  const key = event.key.toLowerCase();
  // The one key of the shell's that is not: a keyboard must find its way out again.
  if (key === "escape" && shift) return "leave";
  if (alt) return "shell";
  if (apple) return meta && !ctrl && key === "f" ? "find" : "shell"; // xterm leaves Command to the browser
  if (!ctrl || meta) return "shell";
  if (shift) return key === "c" ? "copy" : key === "v" ? "native" : key === "f" ? "find" : "shell";
  if (key === "c" || key === "insert") return selected ? "copy" : "shell";
  if (key === "v" && !fullScreen) return "native";
  return "shell";
}

/** What a key of the row below the screen types; arrows depend on how the program wants them. */
export const ROW_KEYS = ["Esc", "Tab", "←", "↑", "↓", "→"] as const;
export type RowKey = (typeof ROW_KEYS)[number];

export function typedBy(key: RowKey, applicationCursorKeys: boolean): string {
  if (key === "Esc") return "\x1b";
  if (key === "Tab") return "\t";
  const letter = { "←": "D", "↑": "A", "↓": "B", "→": "C" }[key];
  return `\x1b${applicationCursorKeys ? "O" : "["}${letter}`;
}

/** What a character is with Ctrl held; itself where there is no such key. */
export function withCtrl(text: string): string {
  if (/^[a-zA-Z@[\\\]^_ ]$/.test(text)) return String.fromCharCode(text.charCodeAt(0) & 31);
  return text === "?" ? "\x7f" : text;
}
