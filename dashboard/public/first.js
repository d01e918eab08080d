// Runs before the first paint.

// The theme that was chosen here, else the one that the system is in.
(() => {
  const chosen = () => {
    try {
      return localStorage.getItem("gururmm.theme");
    } catch {
      return null; // storage is switched off in this browser: follow the system
    }
  };
  const light = matchMedia("(prefers-color-scheme: light)");
  const apply = () => {
    const kept = chosen();
    const theme = kept === "light" || kept === "dark" ? kept : light.matches ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    document.querySelector('meta[name="color-scheme"]')?.setAttribute("content", theme);
    document
      .querySelector('meta[name="theme-color"]')
      ?.setAttribute("content", theme === "light" ? "#f7f8fa" : "#0a0d12");
    window.dispatchEvent(new Event("gururmm-theme"));
  };
  light.addEventListener("change", apply);
  window.addEventListener("gururmm-theme-chosen", apply);
  window.addEventListener("storage", apply);
  apply();
})();

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

// Whoever is signed in on this browser is asked for while the dashboard's script is on its way. Tabs share the cookie,
// and using a rotated one twice ends the sign-in: one tab asks at a time.
if (document.cookie.includes("gururmm_here=")) {
  document.documentElement.dataset.inside = "";
  const ask = () => fetch("/api/v1/auth/refresh", { method: "POST", credentials: "same-origin" });
  window.refreshedEarly = navigator.locks ? navigator.locks.request("gururmm.refresh", ask) : ask();
}
