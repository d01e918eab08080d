// Keys pressed before the dashboard's script is there: ⌘K, and what is typed after it, wait for the palette.
(() => {
  const kept = { asked: false, text: "", enter: false };
  const take = (event) => {
    const mod = event.metaKey || event.ctrlKey;
    if (mod && event.key.toLowerCase() === "k") kept.asked = true;
    else if (!kept.asked || mod || event.altKey) return;
    else if (event.key === "Enter") kept.enter = true;
    else if (event.key === "Backspace") kept.text = kept.text.slice(0, -1);
    else if (event.key === "Escape") Object.assign(kept, { asked: false, text: "", enter: false });
    else if (event.key.length === 1) kept.text += event.key;
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", take, true);
  window.takeEarlyKeys = () => {
    document.removeEventListener("keydown", take, true);
    return kept;
  };
})();
