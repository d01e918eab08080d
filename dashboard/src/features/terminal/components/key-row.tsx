import { type PointerEvent, useSyncExternalStore } from "react";
import { cn } from "@/lib/cn";
import { ROW_KEYS } from "../engine/keys";
import type { TerminalSession } from "../engine/terminal-session";

const NAMES: Record<string, string> = { "←": "Left", "↑": "Up", "↓": "Down", "→": "Right", Esc: "Escape" };
const KEY = "h-9 min-w-11 flex-1 rounded-md border bg-overlay px-2 font-mono text-sm active:bg-line";

/** The keys that a phone's keyboard lacks. They leave the focus, and with it the keyboard, where it is. */
export function KeyRow({ session }: { session: TerminalSession }) {
  useSyncExternalStore(session.subscribe, session.snapshot);
  const keepFocus = (event: PointerEvent) => event.preventDefault();
  return (
    <div
      role="toolbar"
      aria-label="Keys"
      className="hidden shrink-0 gap-1 overflow-x-auto border-t bg-raised px-2 py-1.5 max-md:flex pointer-coarse:flex"
    >
      <button
        type="button"
        aria-pressed={session.ctrl}
        aria-label="Control, for the next key"
        onPointerDown={keepFocus}
        onClick={() => session.holdCtrl(!session.ctrl)}
        className={cn(KEY, session.ctrl && "border-accent bg-accent text-on-accent")}
      >
        Ctrl
      </button>
      {ROW_KEYS.map((key) => (
        <button
          key={key}
          type="button"
          aria-label={NAMES[key] ?? key}
          onPointerDown={keepFocus}
          onClick={() => session.press(key)}
          className={KEY}
        >
          {key}
        </button>
      ))}
    </div>
  );
}
