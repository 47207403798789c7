/**
 * Shows pushes while no page is open, and a page of its own while there is no network.
 *
 * Keeps nothing of any conversation. `DESK`, the line before this file, names what it
 * needs: a release with other files makes another worker.
 */

const CACHE = 'desk-offline';
const ASSETS = new Set(DESK.assets.map((path) => new URL(path, location.origin).href));
const PATIENCE = 500;

// Installing

async function keep() {
  const cache = await caches.open(CACHE);
  const fresh = [DESK.offline, ...DESK.assets].map((url) => new Request(url, { cache: 'reload' }));
  // A missing file must not keep pushes from being shown.
  await Promise.allSettled(fresh.map((request) => cache.add(request)));
  await self.skipWaiting();
}

async function takeOver() {
  const cache = await caches.open(CACHE);
  for (const request of await cache.keys()) {
    const isOurs = ASSETS.has(request.url) || new URL(request.url).pathname === DESK.offline;
    if (!isOurs) await cache.delete(request);
  }
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

self.addEventListener('install', (event) => event.waitUntil(keep()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));

// Without a network

async function navigate(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await caches.match(DESK.offline, { ignoreVary: true })) ?? Response.error();
  }
}

async function asset(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request.url, { ignoreVary: true })) ?? Response.error();
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  if (request.mode === 'navigate') event.respondWith(navigate(event));
  else if (ASSETS.has(request.url)) event.respondWith(asset(request));
});

async function speak(language) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(DESK.offline, { ignoreVary: true });
  if (kept?.headers.get('Content-Language') === language) return;
  const response = await fetch(DESK.offline, { cache: 'reload' });
  if (!response.ok) return;
  await cache.delete(DESK.offline, { ignoreVary: true });
  await cache.put(DESK.offline, response);
}

self.addEventListener('message', (event) => {
  if (event.data?.type === 'language') event.waitUntil(speak(event.data.language).catch(() => {}));
});

// Pushes

const pages = () => self.clients.matchAll({ type: 'window', includeUncontrolled: true });

/** What a page says to a question; one that does not answer in time says no. */
function ask(page, question) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(resolve, PATIENCE, false);
    page.postMessage(question, [port2]);
  });
}

/** An address of the desk itself, whatever came. */
function own(url) {
  try {
    const found = new URL(url ?? '/', location.origin);
    return found.origin === location.origin ? found.pathname + found.search : '/';
  } catch {
    return '/';
  }
}

function read(data) {
  try {
    return { ...data.json() };
  } catch {
    return {};
  }
}

async function show({ title, body, url, tag, lang }) {
  const path = own(url);
  for (const page of await pages()) {
    const isSeen = page.focused && page.visibilityState === 'visible';
    if (isSeen && (await ask(page, { type: 'reading', url: path }))) return;
  }
  await self.registration.showNotification(title || 'Supportdesk', {
    body,
    lang,
    icon: DESK.icon,
    badge: DESK.badge,
    data: { url: path },
    // An earlier one about the same conversation is replaced, and rings again.
    ...(tag && { tag, renotify: true }),
  });
}

self.addEventListener('push', (event) => event.waitUntil(show(read(event.data))));

async function open(url) {
  const found = await pages();
  for (const page of found.sort((a, b) => b.focused - a.focused)) {
    if (await ask(page, { type: 'open', url })) return page.focus();
  }
  return self.clients.openWindow(url);
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(own(event.notification.data?.url)));
});

// The push service gave this browser another address, or took the former one back

async function subscribeAnew() {
  const { key, token } = await (await fetch(DESK.key)).json();
  const subscription = await self.registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: key,
  });
  const { endpoint, keys } = subscription.toJSON();
  await fetch(DESK.subscribe, {
    method: 'POST',
    headers: { 'X-CSRFToken': token },
    body: new URLSearchParams({ endpoint, ...keys }),
  });
}

// Signed out or without a network it fails: the next page of the desk says it then.
self.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil(subscribeAnew().catch(() => {}));
});
