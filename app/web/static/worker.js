// The service worker: without a network, a report's page is answered by the offline page, which
// finds the form and the draft on the device. Nothing private is in the cache.

const CACHE = "tiendo-offline-1";
const base = new URL(self.registration.scope).pathname;
const FILES = ["offline", "static/pages.css", "static/report-form.js", "static/device.js", "static/figures.js", "static/offline.js"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map((file) => base + file))));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && pathname.startsWith(`${base}reports/`)) {
    event.respondWith(fetch(request).catch(() => caches.match(`${base}offline`)));
  } else if (FILES.some((file) => pathname === base + file)) {
    event.respondWith(fetch(request).catch(() => caches.match(pathname)));
  }
});
