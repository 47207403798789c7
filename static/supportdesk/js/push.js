/** This browser's push subscription: with it notifications come with all tabs closed. */

import { app, me } from './dom.js';
import { get, post } from './request.js';
import { read, remove, write } from './stored.js';

const KEY = 'desk:push';

export const isSupported = () =>
  isSecureContext &&
  'serviceWorker' in navigator &&
  'Notification' in window &&
  Boolean(app()?.dataset.worker);

let registering = null;

/** The service worker, which shows all notifications; pages that ask share it. */
export function worker() {
  registering ??= navigator.serviceWorker.register(app().dataset.worker);
  return registering.then(() => navigator.serviceWorker.ready);
}

async function current() {
  const registration = await worker();
  return registration.pushManager?.getSubscription() ?? null;
}

// Said anew each day, and whenever the session got another name.
const mark = ({ endpoint }) =>
  [app().dataset.device, me(), new Date().toISOString().slice(0, 10), endpoint].join(' ');

/** Whether the desk pushes to this browser, so that its pages need not notify. */
export async function isPushed() {
  const subscription = await current();
  if (!subscription) return false;
  const [device, agent, , endpoint] = (read(KEY) ?? '').split(' ');
  return device === app().dataset.device && agent === me() && endpoint === subscription.endpoint;
}

function bytes(text) {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function isFor(subscription, key) {
  const used = subscription.options?.applicationServerKey;
  return !used || String(new Uint8Array(used)) === String(key);
}

/** Subscribe, or say again that this browser is; throws where there is no push. */
export async function subscribe() {
  const registration = await worker();
  const answer = await (await get(app().dataset.pushKey)).json();
  const key = bytes(answer.key);
  let subscription = await registration.pushManager.getSubscription();
  if (subscription && !isFor(subscription, key)) {
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: key,
  });
  const { endpoint, keys } = subscription.toJSON();
  await post(app().dataset.pushSubscribe, { endpoint, ...keys });
  write(KEY, mark(subscription));
}

/** A subscription that the desk may have forgotten (signed out, new password). */
export async function renew() {
  const subscription = await current();
  if (subscription && read(KEY) !== mark(subscription)) await subscribe();
}

/** A subscription that somebody else left here is not for who signed in after them. */
export async function dropForeign() {
  const subscription = await current();
  const [, agent] = (read(KEY) ?? '').split(' ');
  if (subscription && agent !== me()) {
    await subscription.unsubscribe();
    remove(KEY);
  }
}

export async function unsubscribe() {
  const subscription = await current();
  remove(KEY);
  if (!subscription) return;
  await subscription.unsubscribe();
  await post(app().dataset.pushUnsubscribe, { endpoint: subscription.endpoint });
}
