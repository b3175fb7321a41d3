/**
 * Keeps the page's own files, so that it opens without a network: what was written and not sent is in there. A new
 * version is fetched whole and waits until the person wants it. No message and no answer of the server is ever kept here.
 */
declare const self: ServiceWorkerGlobalScope;

// Both are put in when the page is built, by vite.config.ts.
const files = '%FILES%' as unknown as string[];
const version = '%VERSION%' as string;

const prefix = 'papo-';
const cacheName = prefix + version;
const page = '/index.html';
/** Addresses that the one page stands for. */
const pageRoutes = /^\/(?:r\/[^/]+\/?|administrator)?$/;

self.addEventListener('install', event => event.waitUntil(fetchAll()));
self.addEventListener('activate', event => event.waitUntil(takeOver()));
self.addEventListener('message', event => {
  if (event.data === 'take-over') void self.skipWaiting();
});
self.addEventListener('fetch', event => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  const file = request.mode === 'navigate' && pageRoutes.test(pathname) ? page : pathname;
  if (files.includes(file)) event.respondWith(answer(file, request));
});

async function fetchAll(): Promise<void> {
  const cache = await caches.open(cacheName);
  // Past the browser's own cache: the files of one version belong together.
  await cache.addAll(files.map(file => new Request(file, { cache: 'reload' })));
}

async function takeOver(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter(name => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(old.map(name => caches.delete(name)));
  await self.clients.claim();
}

async function answer(file: string, request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  return (await cache.match(file)) ?? fetch(request);
}
