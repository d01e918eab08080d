import { useEffect, useRef } from "react";

/** Whether a key press belongs to a text field, a dialog or the terminal rather than to the page. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (!target || typeof target.closest !== "function") return false;
  return (
    target.closest(
      "input, textarea, select, [contenteditable=true], .xterm, [role=dialog], [role=menu], [role=listbox]",
    ) !== null
  );
}

function inTerminal(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest(".xterm") !== null;
}

/** Enter and Space on a focused link or button press that, and nothing else. */
function pressesControl(event: KeyboardEvent): boolean {
  if (event.key !== "Enter" && event.key !== " ") return false;
  return event.target instanceof Element && event.target.closest("a, button, summary, [role=button]") !== null;
}

/**
 * Keys of the page: names as in KeyboardEvent.key, "mod+k" for ⌘K and Ctrl+K. A handler that acts prevents the default.
 * What stands around every page listens at the `window`: a key that the page has a use for is the page's.
 */
export function useHotkeys(
  map: Record<string, (event: KeyboardEvent) => void>,
  active = true,
  at: "page" | "window" = "page",
): void {
  const current = useRef(map);
  useEffect(() => {
    current.current = map;
  });
  useEffect(() => {
    if (!active) return;
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return;
      const mod = event.metaKey || event.ctrlKey;
      if (!mod && (isTyping(event) || pressesControl(event))) return;
      if (event.ctrlKey && inTerminal(event)) return; // Ctrl+K and its like belong to the shell
      const handler = current.current[mod ? `mod+${event.key.toLowerCase()}` : event.key];
      if (!handler) return;
      event.preventDefault();
      handler(event);
    };
    const target = at === "window" ? window : document;
    target.addEventListener("keydown", listener as EventListener);
    return () => target.removeEventListener("keydown", listener as EventListener);
  }, [active, at]);
}
