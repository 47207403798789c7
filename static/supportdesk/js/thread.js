/** The open conversation: pushes are a speed-up, `messages/?after=` is the truth. */

import { emit, on } from './bus.js';
import { $, $$, app, debounce, inboxPath, isVisible, parse, process, text } from './dom.js';
import { dropDrawer } from './drawer.js';
import * as log from './log.js';
import { RequestError, get, post } from './request.js';
import { setUnread } from './list.js';
import { send } from './socket.js';
import { toast } from './toast.js';

const TYPING = 6_000;
const RECENT = 10_000;

let shown = null;
let needsRead = false;
let caughtUpAt = 0;
let typingTimer;
// Frames may overtake the page that was asked for: what is the newest of each thread?
const newest = new Map();

const thread = () => $('#thread');
const current = () => thread()?.dataset.conversation || null;
// Pages up, where a search has led: what is new belongs below, and is not shown here.
const isApart = () => thread().dataset.hasNewer === 'true';
const lastSeq = () => Number(thread().dataset.lastSeq || 0);
/** How often the entries got other numbers: what is known by an older one is void. */
const numbering = () => Number(thread().dataset.numbering || 0);

export const viewed = current;

/** Whatever brought another thread into the page: links, history, a fresh load. */
export function sync() {
  if (thread() === shown) return;
  const isFirst = shown === null;
  shown = thread();
  const id = current();
  if (app() && app().dataset.view !== 'page') app().dataset.view = id ? 'thread' : 'list';
  needsRead = Boolean(id);
  tellView();
  emit('selected', { id });
  if (!id) return;
  log.tidy();
  log.toHit();
  // On a phone the thread covers the list, and the link just used with it.
  if (!isFirst && !$('#list')?.checkVisibility()) $('.thread-scroll')?.focus();
  if ((newest.get(id) ?? 0) > lastSeq()) catchUp();
  markRead();
}

// When what is shown was asked for; the first page when it was navigated to.
let askedAt = 0;

/** Who has the tab in the background does not look on; `age` in seconds is that of the
    card: what changed since is told. */
function tellView() {
  const age = Math.ceil((performance.now() - askedAt) / 1000);
  send({ type: 'view', conversation: current(), age, ...(document.hidden && { hidden: true }) });
}

// Catching up

let running = null;
let wanted = false;

/** Ask for what came after the last entry; calls meanwhile end in one more round. */
export function catchUp() {
  wanted = true;
  running ??= rounds().finally(() => (running = null));
  return running;
}

async function rounds() {
  while (wanted && current()) {
    wanted = false;
    if (isApart()) return;
    const id = current();
    const asked = lastSeq();
    try {
      const response = await get(`${thread().dataset.messagesUrl}?after=${asked}`);
      const html = await response.text();
      if (current() !== id) {
        wanted = true;
        continue;
      }
      const isVoid = Number(response.headers.get('X-Numbering')) !== numbering();
      if (isVoid || response.redirected) {
        await renew(id);
        continue;
      }
      const items = [...parse(html).querySelectorAll('li[data-seq]')];
      take(items);
      caughtUpAt = Date.now();
      // A long absence comes in portions.
      if (items.length && Number(response.headers.get('X-Last-Seq')) > lastSeq()) wanted = true;
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) gone({ id });
      return; // The next frame or connection asks again.
    }
  }
}

function take(items) {
  const added = log.append(items);
  const seqs = items.map((item) => Number(item.dataset.seq));
  thread().dataset.lastSeq = Math.max(lastSeq(), ...seqs);
  if (added.length) emit('entries', { added });
  if (added.some((item) => item.dataset.author === 'visitor')) {
    hideTyping();
    needsRead = true;
    markRead();
  }
  if (added.some((item) => item.dataset.author === 'event')) refreshHead();
}

/** The thread as it is now in place of the one in the page. If it was merged into
 * another one its address leads there; drafts are kept by the composer. */
async function renew(id) {
  newest.delete(id);
  const html = await (await get(location.pathname + location.search, 'thread')).text();
  if (current() !== id) return;
  const fresh = $('#thread', parse(html));
  const into = fresh.dataset.conversation;
  if (into !== id) {
    emit('joined', { id, into });
    const url = location.pathname.replace(id, into) + location.search;
    history.replaceState(history.state, '', url);
    toast(text('joined'));
  }
  thread().replaceWith(fresh);
  process(fresh);
  sync();
  emit('content', { root: fresh });
}

function onConversation(frame) {
  if (frame.id === current() && (frame.numbering ?? 0) !== numbering()) {
    // A frame from before is on its way no more: what it brings is in the new thread.
    if ((frame.numbering ?? 0) > numbering()) renew(frame.id).catch(() => catchUp());
    return;
  }
  if (frame.seq) newest.set(frame.id, Math.max(newest.get(frame.id) ?? 0, frame.seq));
  if (frame.id !== current()) return;
  if (frame.seq > lastSeq() && isApart()) {
    // Who answers from there wants to see the answer.
    if ([...parse(frame.message ?? '').children].some(log.isOwn)) $('#newest')?.click();
  } else if (frame.seq > lastSeq()) {
    const whole = frame.message && frame.seq === lastSeq() + 1;
    if (whole) take([...parse(frame.message).querySelectorAll('li[data-seq]')]);
    else catchUp();
  }
  const moved = frame.status !== thread().dataset.status;
  if (moved) thread().dataset.status = frame.status;
  if (frame.head || moved) refreshHead();
  log.showSeen(frame.visitor_seen);
  // What is for this agent in particular is read here, and need not be mailed.
  if (frame.for_me) {
    needsRead = true;
    markRead();
  }
}

// The head, and whether an answer is possible

const refreshHead = debounce(async () => {
  const id = current();
  if (!id) return;
  let html;
  try {
    html = await (await get(thread().dataset.headUrl)).text();
  } catch (error) {
    if (error instanceof RequestError && error.status === 404) gone({ id });
    return;
  }
  if (current() !== id) return;
  for (const fresh of parse(html).children) replaceById(fresh);
}, 100);

function replaceById(fresh) {
  const old = fresh.id && document.getElementById(fresh.id);
  if (!old) return;
  // A composer somebody writes in stays, unless it is (un)locked.
  const locked = (composer) => composer.matches('.composer--locked');
  if (fresh.id === 'composer' && locked(old) === locked(fresh)) return;
  // Of what says what it shows, the same again could only be in the way of a click.
  if (fresh.dataset.stored && fresh.dataset.stored === old.dataset.stored) return;
  fresh.removeAttribute('hx-swap-oob');
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(fresh);
  process(fresh);
  if (hadFocus) $('button, a, summary, textarea', fresh)?.focus({ preventScroll: true });
  emit('content', { root: fresh });
}

// Read, typing, gone

const markRead = debounce(async () => {
  const id = current();
  if (!id || !needsRead || !isVisible()) return;
  needsRead = false;
  setUnread(id, 0);
  emit('read', { id });
  try {
    const { readUrl, numbering } = thread().dataset;
    await post(readUrl, { seen_seq: lastSeq(), numbering });
  } catch {
    needsRead = true;
  }
}, 300);

function hideTyping() {
  clearTimeout(typingTimer);
  const typing = $('#typing');
  if (typing) typing.hidden = true;
}

function onTyping({ id, active }) {
  if (id !== current()) return;
  hideTyping();
  const typing = $('#typing');
  if (!active || !typing) return;
  typing.hidden = false;
  typingTimer = setTimeout(hideTyping, TYPING);
}

/** No longer visible to this agent: nothing of it stays on the screen. */
async function gone({ id, into }) {
  newest.delete(id);
  if (id !== current()) return;
  if (into) return renew(id).catch(() => location.reload());
  const inbox = inboxPath() + location.search;
  const card = $('#visitor-card');
  card?.replaceChildren();
  dropDrawer();
  thread().removeAttribute('data-conversation');
  thread().replaceChildren();
  history.replaceState(history.state, '', inbox);
  shown = null;
  sync();
  toast(text('gone'));
  emit('gone', { id });
  try {
    const page = new DOMParser().parseFromString(await (await get(inbox)).text(), 'text/html');
    if (current()) return;
    for (const name of ['thread', 'visitor-card']) {
      const fresh = page.getElementById(name);
      if (fresh) document.getElementById(name)?.replaceWith(fresh);
    }
    process(thread());
    sync();
  } catch {
    // An empty pane is right, too.
  }
}

function onReturn() {
  if (!isVisible()) return;
  markRead();
  if (current() && Date.now() - caughtUpAt > RECENT) catchUp();
}

export function start() {
  log.start();
  on('frame:conversation', onConversation);
  on('frame:typing', onTyping);
  on('frame:gone', gone);
  on('socket:open', ({ again }) => {
    // The card then asks for all of it.
    if (again) askedAt = performance.now();
    tellView();
    if (!current()) return;
    catchUp();
    if (again) refreshHead();
  });
  addEventListener('focus', onReturn);
  document.addEventListener('visibilitychange', () => {
    if (current()) tellView();
    onReturn();
  });
  document.addEventListener('htmx:afterSettle', (event) => {
    if ($('#log')?.contains(event.detail.elt) || event.detail.elt.id === 'log') log.tidy();
    sync();
  });
  document.addEventListener('htmx:historyRestore', sync);
  document.addEventListener('htmx:beforeRequest', ({ detail }) => {
    detail.xhr.askedAt = performance.now();
  });
  document.addEventListener('htmx:beforeSwap', ({ detail, target }) => {
    const isAnother = target.id === 'thread' && detail.requestConfig.verb === 'get';
    if (isAnother && detail.shouldSwap) askedAt = detail.xhr.askedAt;
  });
  // One path into the page: what a push has brought already is not swapped in again.
  document.addEventListener('htmx:oobBeforeSwap', (event) => {
    const { fragment, target } = event.detail;
    if (target.id !== 'log') return;
    $$('[data-seq]', fragment).forEach((item) => {
      if (document.getElementById(item.id)) item.remove();
    });
  });
  sync();
}
