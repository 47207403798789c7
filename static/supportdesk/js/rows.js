/** One row of the list: what the server pushed for all, made this agent's. */

import {
  $,
  $$,
  element,
  hasFullAccess,
  isVisible,
  me,
  parse,
  process,
  text,
} from './dom.js';

export const list = () => $('#list');
export const rows = () => $$('#conv-list > .conv[id]');
export const rowsOf = (id) => rows().filter((row) => row.dataset.id === id);
export const rowOf = (id) => document.getElementById(`conv-${id}`);
export const selectedId = () => $('#thread')?.dataset.conversation || null;

const words = (value) => (value ?? '').split(/\s+/).filter(Boolean);
const assignees = (row) => words(row.dataset.assignees);
export const isMine = (row) => assignees(row).includes(me());
export const isUnassigned = (row) => assignees(row).length === 0;

const shows = {
  mine: isMine,
  unassigned: isUnassigned,
  others: (row) => !isUnassigned(row) && !isMine(row),
};

/** Whether what the list shows now was searched for: what is found, the server knows. */
export const isSearched = () => 'searched' in list().dataset;

/** Whether the row is part of what the list shows now, as far as a page can tell; who
 * follows says the frame. */
export function belongs(row, frame) {
  const { status, show, group, agentFilter, missed, snoozed, following } = list().dataset;
  return (
    row.dataset.status === status &&
    (shows[show]?.(row) ?? true) &&
    (!following || frame.following) &&
    (!missed || Boolean(row.dataset.missed)) &&
    (status !== 'open' || Boolean(row.dataset.snoozed) === Boolean(snoozed)) &&
    (!group || words(group).includes(row.dataset.group)) &&
    (!agentFilter || words(agentFilter).some((agent) => assignees(row).includes(agent)))
  );
}

const number = (row, name) => Number(row.dataset[name] || 0);
const newest = (a, b) => number(b, 'activity') - number(a, 'activity');

const orders = {
  activity: newest,
  waiting: (a, b) =>
    (number(a, 'waiting') || Infinity) - (number(b, 'waiting') || Infinity) || newest(a, b),
  priority: (a, b) => number(b, 'priority') - number(a, 'priority') || newest(a, b),
  unread: (a, b) => (number(b, 'unread') > 0) - (number(a, 'unread') > 0) || newest(a, b),
};

/** Like the server's order, as far as a page can know; NaN means "equal". */
export const compare = (a, b) => (orders[list().dataset.sort] ?? newest)(a, b) || 0;

/** What the visitor writes before the agent's eyes is not unread for a moment. */
export const unreadOf = (frame) =>
  frame.by === 'visitor' && frame.id === selectedId() && isVisible() ? 0 : frame.unread;

export function build(html, unread) {
  const row = parse(html).querySelector('.conv');
  row.dataset.unread = unread;
  if (!hasFullAccess() && !isMine(row)) $('[data-resolve]', row)?.remove();
  addQuery(row);
  showUnread(row);
  showWaiting(row);
  markSelected(row, selectedId());
  process(row);
  return row;
}

/** Pushed rows know only the path: the filters of this page belong to it. */
function addQuery(row) {
  const query = new URLSearchParams(location.search);
  query.delete('after');
  query.delete('panel');
  const suffix = query.size ? `?${query}` : '';
  const link = $('.conv__link', row);
  for (const name of ['href', 'hx-get']) {
    const url = link.getAttribute(name);
    if (url) link.setAttribute(name, url.split('?')[0] + suffix);
  }
}

export function showUnread(row) {
  const unread = number(row, 'unread');
  row.classList.toggle('is-unread', unread > 0);
  const badge = $('[data-unread-badge]', row);
  if (!badge) return;
  badge.hidden = unread === 0;
  badge.replaceChildren(String(unread), element('span', 'sr-only', ` ${text('unread')}`));
}

const units = [
  ['days', 1440],
  ['hours', 60],
  ['minutes', 1],
];

/** "4 min", as the server words it. */
export function passedSince(at) {
  const minutes = Math.max(Math.floor((Date.now() - at) / 60_000), 0);
  const [unit, size] = units.find(([, length]) => minutes >= length) ?? units.at(-1);
  const passed = Math.floor(minutes / size);
  return text(unit === 'days' && passed === 1 ? 'day' : unit, { number: passed });
}

/** Beside who waits for an answer. */
export function showWaiting(row) {
  const label = $('[data-waiting-label]', row);
  if (label && row.dataset.waiting) label.textContent = passedSince(number(row, 'waiting'));
}

export function markSelected(row, id) {
  const link = $('.conv__link', row);
  if (row.dataset.id === id) link.setAttribute('aria-current', 'true');
  else link.removeAttribute('aria-current');
}
