/** Notifications of the system: asked for on the settings page, shown while a tab is open.
    With a push subscription the service worker shows them, and pages leave it to that. */

import { on } from './bus.js';
import { $, $$, app, isVisible, me, text } from './dom.js';
import * as push from './push.js';
import { post } from './request.js';
import { read, remove, write } from './stored.js';
import { viewed } from './thread.js';
import { toast } from './toast.js';

// The browser's permission cannot be given back by a page: this says "not for me".
const offKey = () => `desk:notify-off:${me()}`;
const isOff = () => read(offKey()) !== null;
const isGranted = () => push.isSupported() && Notification.permission === 'granted' && !isOff();
// As the desk names them in pushes: one for each conversation.
const tagOf = (id) => `conversation-${id}`;

function state() {
  if (!push.isSupported()) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  return isGranted() ? 'granted' : 'default';
}

/** Whether this page is to show what happens: allowed, and no push will. */
export const canNotify = async () => isGranted() && !(await push.isPushed());

async function show(title, options) {
  const { notifyIcon: icon, notifyBadge: badge, language: lang } = app().dataset;
  const registration = await push.worker();
  await registration.showNotification(title, { icon, badge, lang, renotify: true, ...options });
}

const partOf = (row, name) => (row && $(`.conv__${name}`, row)?.textContent.trim()) || '';

/** `row` is the conversation's in the list, if it is known here. */
export function notify(event, id, row) {
  const name = partOf(row, 'name');
  const preview = partOf(row, 'preview').slice(0, 160);
  const contents = {
    message: [name || text('notify-message'), preview],
    offline: [text('notify-offline', { name }), preview],
    missed: [text('notify-missed', { name }), text('notify-left')],
    assigned: [text('notify-assigned'), name],
    mentioned: [text('notify-mentioned'), name],
  };
  const [title, body] = contents[event];
  const url = `${app().dataset.inbox}conversations/${id}/`;
  return show(title, { body, tag: tagOf(id), data: { url } }).catch(() => {});
}

/** What was read or answered needs no notification any more. */
async function close(id) {
  if (!isGranted()) return;
  const registration = await push.worker();
  for (const shown of await registration.getNotifications({ tag: tagOf(id) })) shown.close();
}

/** Answered or resolved: whoever was told has nothing to do any more. */
export const isSettled = ({ by, kind, status }) =>
  (by === 'desk' && kind === 'message') || status === 'resolved';

function onConversation(frame) {
  if (isSettled(frame)) close(frame.id);
}

// The settings page

function paint() {
  const now = state();
  for (const panel of $$('[data-notify-panel]')) {
    for (const part of $$('[data-notify-state]', panel)) {
      part.hidden = part.dataset.notifyState !== now;
    }
  }
}

async function enable() {
  // First of all: browsers ask only in answer to a click.
  const permission = await Notification.requestPermission();
  if (permission === 'granted') {
    remove(offKey());
    // Without push (no service, or blocked) pages notify as long as one is open.
    await push.subscribe().catch(() => {});
  }
  paint();
}

async function disable() {
  write(offKey(), '1');
  paint();
  await push.unsubscribe();
}

async function test() {
  if (await push.isPushed()) {
    await post(app().dataset.pushTest);
    toast(text('notify-sent'));
  } else {
    const data = { url: location.pathname };
    await show(text('notify-test'), { body: text('notify-works'), tag: 'test', data });
  }
}

const buttons = {
  '[data-notify-enable]': enable,
  '[data-notify-disable]': disable,
  '[data-notify-test]': test,
};

function onClick({ target }) {
  for (const [selector, act] of Object.entries(buttons)) {
    if (target.closest(selector)) act().catch(() => toast(text('error'), { error: true }));
  }
}

// The service worker asks

const answers = {
  /** Is this conversation before the agent's eyes? */
  reading: ({ url }) => Boolean(isVisible() && viewed() && url.includes(viewed())),
  /** Will this page go there? A form on another page may hold what is not saved. */
  open({ url }) {
    if (!$('#list')) return false;
    const link = [...$$('#conv-list .conv[id]')]
      .find((row) => url.includes(row.dataset.id))
      ?.querySelector('.conv__link');
    if (link) link.click();
    else location.assign(url);
    return true;
  },
};

function onMessage({ data, ports }) {
  if (ports[0] && Object.hasOwn(answers, data?.type)) ports[0].postMessage(answers[data.type](data));
}

export async function start() {
  document.addEventListener('click', onClick);
  addEventListener('storage', ({ key }) => key === offKey() && paint());
  paint();
  if (!push.isSupported()) return;
  navigator.serviceWorker.addEventListener('message', onMessage);
  navigator.serviceWorker.startMessages();
  on('read', ({ id }) => close(id));
  on('frame:conversation', onConversation);
  try {
    const registration = await push.worker();
    // The page for times without a network speaks the agent's language.
    registration.active.postMessage({ type: 'language', language: document.documentElement.lang });
    await (isGranted() ? push.renew() : push.dropForeign());
    const permission = await navigator.permissions.query({ name: 'notifications' });
    permission.addEventListener('change', paint);
  } catch {
    // No worker or no network: the next page tries again.
  }
}
