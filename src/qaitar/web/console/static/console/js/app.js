// Makes the console an app: its worker shows a page of ours where there is no network, in the language told here.
if ("serviceWorker" in navigator) {
  addEventListener("load", () => navigator.serviceWorker.register("/sw.js").catch(() => {}));
  caches.open("qaitar-language").then((shelf) => shelf.put("/language", new Response(document.documentElement.lang))).catch(() => {});
}
// Signing out takes everything kept in this browser along.
document.addEventListener("submit", (event) => {
  if (!event.target.matches('[action$="/accounts/logout/"]')) return;
  Object.keys(localStorage).filter((name) => name.startsWith("qaitar-draft:")).forEach((name) => localStorage.removeItem(name));
  indexedDB.deleteDatabase("qaitar-uploads");
});
