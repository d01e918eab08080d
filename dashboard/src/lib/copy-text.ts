/** Puts a text into the clipboard, and tells whether it really is there. */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  return copyByHand(text);
}

/**
 * Pages over plain http on another host have no clipboard API: there the browser copies what is selected. The text goes
 * beside what has the focus, since a dialog takes the focus back from everything outside of it.
 */
function copyByHand(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("aria-hidden", "true");
  area.style.cssText = "position: fixed; top: 0; opacity: 0;";
  (before?.closest('[role="dialog"]') ?? document.body).append(area);
  let taken = false;
  const take = (event: ClipboardEvent) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    taken = true;
  };
  document.addEventListener("copy", take, { capture: true });
  area.focus();
  area.select();
  const said = document.execCommand("copy");
  document.removeEventListener("copy", take, { capture: true });
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return said && taken;
}
