// Runs before the first paint: dark is the page's own state, light is a kept preference.
(() => {
  try {
    if (localStorage.getItem("gururmm.theme") !== "light") return;
  } catch {
    return; // storage is switched off in this browser: stay dark
  }
  document.documentElement.dataset.theme = "light";
  document.querySelector('meta[name="color-scheme"]')?.setAttribute("content", "light");
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", "#f7f8fa");
})();
