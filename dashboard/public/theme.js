// Runs before the first paint: the theme that was chosen here, else the one that the system is in.
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
