// Shows a page of our own where there is no network.  Keeps that page in each language and what draws it, nothing of any
// person.  One address for everybody, and a newer worker waits until the last page of the older one is gone: one that takes
// over while the next page is on its way can leave that page waiting for ever.
const KEPT = [{% for each in kept %}"{{ each|escapejs }}"{% if not forloop.last %}, {% endif %}{% endfor %}];
const SHELF = "qaitar-offline-" + KEPT.join(","), LANGUAGE = "qaitar-language";
addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(KEPT.map((url) => new Request(url, { cache: "reload", credentials: "omit" })))));
});
addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELF && name !== LANGUAGE).map((name) => caches.delete(name)))));
});
async function offline() {
  const told = await caches.match("/language", { cacheName: LANGUAGE });
  const shelf = await caches.open(SHELF);
  return await shelf.match(`{{ offline|escapejs }}?l=${await told?.text()}`) ?? shelf.match(KEPT[0]);
}
addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  const kept = () => caches.open(SHELF).then((shelf) => shelf.match(request));
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(offline));
  else if (KEPT.some((url) => request.url.endsWith(url))) event.respondWith(fetch(request).catch(() => kept().then((found) => found ?? Response.error())));
});
