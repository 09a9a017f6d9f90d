// Shows a page of our own where there is no network.  Keeps that page and what draws it, nothing of any person.
const KEPT = [{% for each in kept %}"{{ each|escapejs }}"{% if not forloop.last %}, {% endif %}{% endfor %}];
const SHELF = "qaitar-offline-" + KEPT.join(",");
addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(KEPT.map((url) => new Request(url, { cache: "reload", credentials: "omit" })))).then(() => skipWaiting()));
});
addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name)))).then(() => clients.claim()));
});
addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  const kept = () => caches.open(SHELF).then((shelf) => shelf.match(request));
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.open(SHELF).then((shelf) => shelf.match("{{ offline|escapejs }}"))));
  else if (KEPT.some((url) => request.url.endsWith(url))) event.respondWith(fetch(request).catch(() => kept().then((found) => found ?? Response.error())));
});
