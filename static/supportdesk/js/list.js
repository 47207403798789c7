/** The list: rows come, move and go as frames say; the GET stays the truth. */

import { emit, on } from './bus.js';
import { $, $$, debounce, element, inboxPath, process, text } from './dom.js';
import { get } from './request.js';
import {
  belongs,
  build,
  compare,
  isSearched,
  list,
  markSelected,
  rowOf,
  rowsOf,
  rows,
  selectedId,
  showUnread,
  showWaiting,
  unreadOf,
} from './rows.js';

const LEAVING = 220;
const TYPING = 6_000;
const FILTERS = ['group', 'agentFilter', 'missed', 'snoozed', 'following', 'query'];
const PART = ['status', 'show', 'sort', ...FILTERS];

/** What of a row a person would see change. */
const signature = (section) =>
  $$('.conv', section)
    .map(({ id, dataset, textContent }) => [id, ...Object.values(dataset), textContent].join())
    .join()
    .replace(/\s+/g, ' ');

/**
 * Fetch the inbox as the server has it now: the list, and the numbers beside it.
 *
 * Frames that came before the socket was open, or while it was not, are in there. Those
 * that come while the server answers may be newer than its answer: they count again.
 */
export const refresh = debounce(fetchList, 150);

let since = null;
let wanted = false;

async function fetchList() {
  wanted = true;
  if (since) return;
  since = [];
  try {
    while (wanted) {
      wanted = false;
      await fetchOnce();
    }
  } finally {
    since = null;
  }
}

async function fetchOnce() {
  const asked = location.search;
  since = [];
  let page;
  try {
    const response = await get(inboxPath() + (list() ? asked : ''));
    page = new DOMParser().parseFromString(await response.text(), 'text/html');
  } catch {
    return; // The next connection asks again.
  }
  // What is searched for is going to stand there, and would not find its place any more.
  if ($('#search.htmx-request')) return;
  const now = list();
  const fresh = page.getElementById('list');
  // Meanwhile another part of the inbox may have been chosen.
  const same = now && fresh && PART.every((name) => now.dataset[name] === fresh.dataset[name]);
  if (same && !(rows().length && signature(now) === signature(fresh))) replace(now, fresh);
  emit('page', { page, since });
  if (same) since.forEach((frame) => replay[frame.type]?.(frame));
}

/** The link whose answer is on its way must stay in the page: htmx looks from there
 * for what else the answer replaces, and would leave the former visitor's card. */
function keepBusyLink(old, row) {
  const busy = old.querySelector('.conv__link.htmx-request');
  const link = busy && row.querySelector('.conv__link');
  if (!link) return;
  for (const { name, value } of link.attributes) if (name !== 'class') busy.setAttribute(name, value);
  busy.replaceChildren(...link.childNodes);
  link.replaceWith(busy);
}

/** What somebody is filling in is not taken away; returns the field with the focus. */
function keepForms(now, fresh) {
  let focused = null;
  for (const selector of ['#search', '#view-menu']) {
    const old = $(selector, now);
    const same = $(selector, fresh);
    if (!old || !same) continue;
    if (old.contains(document.activeElement)) focused = document.activeElement;
    same.replaceWith(old);
  }
  const link = $('[data-search-show]', fresh);
  if (link) link.hidden = !$('#search', fresh).hidden;
  return focused;
}

function replace(now, fresh) {
  for (const link of $$('.conv__link.htmx-request', now)) {
    const old = link.closest('.conv');
    const row = old.id && fresh.querySelector(`#${CSS.escape(old.id)}`);
    if (row) keepBusyLink(old, row);
  }
  const scrolled = $('.list-body', now)?.scrollTop ?? 0;
  const focused = now.contains(document.activeElement) ? document.activeElement : null;
  const focusedRow = focused?.closest('.conv')?.id;
  const field = keepForms(now, fresh);
  now.replaceWith(fresh);
  field?.focus({ preventScroll: true });
  process(fresh);
  markCurrent(selectedId());
  const body = $('.list-body', fresh);
  if (body) body.scrollTop = scrolled;
  const again = focusedRow && document.getElementById(focusedRow);
  if (again) focusIn(again, focused);
  emit('content', { root: fresh });
}

function focusIn(row, like) {
  const target = like.closest('[data-resolve]') ? $('[data-resolve] button', row) : null;
  (target ?? $('.conv__link', row)).focus({ preventScroll: true });
}

function leave(row) {
  if (row.contains(document.activeElement)) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    next?.querySelector('.conv__link')?.focus({ preventScroll: true });
  }
  // Without its id a row that comes back meanwhile does not meet this one.
  row.removeAttribute('id');
  row.inert = true;
  row.classList.add('is-leaving');
  setTimeout(() => {
    row.remove();
    refreshIfEmpty();
  }, LEAVING);
}

/** The server says what to do about an empty list. */
const refreshIfEmpty = () => $('#conv-list') && !rows().length && refresh();

function place(row) {
  const others = rows().filter((other) => other !== row);
  const next = others.find((other) => compare(row, other) < 0);
  const last = others.at(-1);
  if (next) next.before(row);
  else if (last) last.after(row);
  else $('#conv-list').prepend(row);
}

/** Rows behind the last one loaded come with the next page. */
const isBeyond = (row) => {
  const last = rows()
    .filter((other) => other.dataset.id !== row.dataset.id)
    .at(-1);
  return Boolean($('#next-rows') && last && compare(row, last) > 0);
};

const inPlace = (row) => {
  const before = rows();
  const at = before.indexOf(row);
  const above = before[at - 1];
  const below = before[at + 1];
  return (!above || compare(above, row) <= 0) && (!below || compare(row, below) <= 0);
};

function update(frame) {
  if (!list()) return;
  // While somebody writes fast the row itself follows a moment later.
  if (frame.row === undefined) return setUnread(frame.id, unreadOf(frame));
  // Nobody read this language when it was rendered.
  if (frame.row === null) return refresh();
  const [old, ...twins] = rowsOf(frame.id);
  twins.forEach((twin) => twin.remove());
  const row = build(frame.row, unreadOf(frame));
  if (!belongs(row, frame)) {
    if (old) leave(old);
    return;
  }
  if (!old) {
    if (isSearched() || isBeyond(row)) return;
    if (!$('#conv-list') || !rows().length) return refresh();
    place(row);
  } else {
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    keepBusyLink(old, row);
    old.replaceWith(row);
    const stays = list().dataset.sort === 'unread' && row.dataset.id === selectedId();
    // The row just opened does not jump away for having been read.
    if (!stays && !inPlace(row)) place(row);
    if (focused) focusIn(row, focused);
  }
  keepTyping(frame);
  emit('content', { root: row });
}

const gone = ({ id }) => rowsOf(id).forEach(leave);

const replay = { conversation: update, gone };

export function setUnread(id, unread) {
  const row = rowOf(id);
  if (!row) return;
  row.dataset.unread = unread;
  showUnread(row);
}

export function markCurrent(id) {
  $$('#conv-list > .conv').forEach((row) => markSelected(row, id));
}

const typingTimers = new Map();

function showTyping({ id, active }) {
  const preview = rowOf(id)?.querySelector('.conv__preview');
  clearTimeout(typingTimers.get(id));
  typingTimers.delete(id);
  if (!active) {
    preview?.restore?.();
    return;
  }
  typingTimers.set(id, setTimeout(showTyping, TYPING, { id, active: false }));
  if (!preview || preview.restore) return;
  const kept = [...preview.childNodes];
  preview.replaceChildren(element('em', '', text('typing')));
  preview.restore = () => {
    preview.replaceChildren(...kept);
    delete preview.restore;
  };
}

/** A row that is pushed anew, for having been read perhaps, goes on saying it. */
function keepTyping({ id, by, kind }) {
  if (!typingTimers.has(id)) return;
  showTyping({ id, active: !(by === 'visitor' && kind === 'message') });
}

/** A page of rows may bring some that a push has already put in. */
function dropDoubles() {
  const seen = new Set();
  for (const row of rows()) {
    if (seen.has(row.id)) row.remove();
    seen.add(row.id);
  }
}

export function start() {
  on('frame:conversation', update);
  on('frame:gone', gone);
  for (const type of ['conversation', 'gone', 'counts']) {
    on(`frame:${type}`, (frame) => since?.push(frame));
  }
  on('frame:typing', showTyping);
  on('frame:access', refresh);
  on('socket:open', refresh);
  on('selected', ({ id }) => markCurrent(id));
  document.addEventListener('htmx:afterSettle', (event) => {
    if (!list()?.contains(event.detail.elt)) return;
    dropDoubles();
    refreshIfEmpty();
  });
  document.addEventListener('htmx:afterRequest', ({ detail }) => {
    if (detail.elt.id === 'search' && !detail.successful) refresh();
  });
  setInterval(() => rows().forEach(showWaiting), 30_000);
}
