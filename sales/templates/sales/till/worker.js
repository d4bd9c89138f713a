{% autoescape off %}/** Keeps the shell of the till, so that it opens while the server is away. Data it leaves alone. */

const NAME = "{{ worker.name }}";
const CACHE = NAME + "{{ worker.version }}";
const PAGE = "{{ worker.page }}";
const ASSETS = [
{% for address in worker.assets %}  "{{ address }}",
{% endfor %}];
const HASHED = /\.[0-9a-f]{12}\.\w+$/;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...ASSETS])));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then(async (names) => {
      const old = names.filter((name) => name.startsWith(NAME) && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    }),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" && address.pathname === PAGE) event.respondWith(page(request));
  else if (ASSETS.includes(address.pathname)) event.respondWith(asset(request, address));
});

/** The server's page where there is a server; it also knows whether one is still signed in. */
async function page(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(PAGE, response.clone());
    if (response.status < 500) return response;
  } catch {
    // The kept page follows.
  }
  return (await cache.match(PAGE)) ?? Response.error();
}

/** A file whose name carries its hash never changes. */
async function asset(request, address) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(address.pathname);
  if (kept && HASHED.test(address.pathname)) return kept;
  return fetch(request).catch(() => kept ?? Response.error());
}
{% endautoescape %}
