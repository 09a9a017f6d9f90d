// Marks that scripts run, and keeps the theme choice in a cookie, which the server writes into the page: no flash.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const show = () => {
    const now = root.dataset.theme || "auto";
    document.querySelectorAll("[data-theme-set]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.themeSet === now)));
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    const choice = button.dataset.themeSet;
    if (choice === "auto") delete root.dataset.theme;
    else root.dataset.theme = choice;
    document.cookie = `theme=${choice};path=/;max-age=31536000;samesite=lax`;
    show();
  });
  document.addEventListener("DOMContentLoaded", show);
})();
