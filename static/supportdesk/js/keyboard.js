/** Keys for the list and the open conversation; letters count outside of fields only. */

import { clear as clearSelection } from './bulk.js';
import { on } from './bus.js';
import { $, $$, isTyping } from './dom.js';
import { closeDrawer } from './drawer.js';
import { closeMenu } from './menus.js';
import { openTags } from './tags.js';

const list = () => $('[data-roving]');
const links = () => $$('.conv__link', list() ?? document.createElement('ul'));

// One tab stop in the list: the row with the focus, else the open one, else the first.
function setStop(link) {
  for (const other of links()) {
    const tabIndex = other === link ? 0 : -1;
    const row = other.closest('.conv');
    for (const stop of $$('.conv__link, [data-pick], [data-resolve] button', row)) stop.tabIndex = tabIndex;
  }
}

const inList = () => document.activeElement?.closest?.('[data-roving] .conv');

function current() {
  const focused = inList();
  return (
    (focused && $('.conv__link', focused)) ??
    links().find((link) => link.getAttribute('aria-current') === 'true')
  );
}

export const updateStop = () => setStop(current() ?? links()[0]);

function focusAt(index) {
  const all = links();
  const link = all[Math.max(0, Math.min(all.length - 1, index))];
  if (!link) return;
  setStop(link);
  link.focus();
  link.scrollIntoView({ block: 'nearest' });
}

function move(event) {
  const at = links().indexOf(current());
  const to = {
    j: at + 1,
    k: Math.max(at - 1, 0),
    ...(inList() && { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: Infinity }),
  }[event.key];
  if (to === undefined || !links().length) return false;
  focusAt(to);
  return true;
}

const shown = (selector) => $$(selector).find((found) => found.checkVisibility());

const actions = {
  e: () => shown('#thread-head .btn--resolve')?.click(),
  r: () => toComposer('reply'),
  n: () => toComposer('note'),
  ',': () => toHit('#hit-older'),
  '.': () => toHit('#hit-newer'),
  '/': () => {
    const search = shown('[data-search], [type=search]');
    if (search?.matches('input')) search.focus();
    else search?.click();
  },
  x: () => $('[data-pick]', current()?.closest('.conv') ?? undefined)?.click(),
  i: () => shown('[data-drawer-open]')?.click(),
  t: () => {
    if (!$('#tag-editor')?.checkVisibility({ visibilityProperty: true })) actions.i();
    openTags();
  },
  '?': () => showShortcuts(),
};

function toComposer(mode) {
  // Choosing a kind of message puts the cursor into the field, too.
  $(`#composer button[data-mode="${mode}"]`)?.click();
}

/** With the focus, which htmx gives to the same link of the next thread. */
function toHit(selector) {
  const link = shown(selector);
  link?.focus();
  link?.click();
}

function showShortcuts() {
  const dialog = $('#shortcuts');
  if (dialog && !dialog.open) dialog.showModal();
}

function escape(event) {
  if ($('dialog[open]')) return; // The browser closes it.
  if (closeMenu() || closeDrawer()) event.preventDefault();
  else if (isTyping(event.target)) event.target.blur();
  else if (clearSelection()) event.preventDefault();
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === 'Escape') return escape(event);
  if (isTyping(event.target) || $('dialog[open]')) return;
  if (move(event)) return event.preventDefault();
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

export function start() {
  document.addEventListener('keydown', onKey);
  document.addEventListener('focusin', () => inList() && updateStop());
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-shortcuts]')) showShortcuts();
    const dialog = event.target.closest('dialog');
    if (dialog && event.target.closest('[data-dialog-close]')) dialog.close();
  });
  on('content', updateStop);
  document.addEventListener('htmx:afterSettle', updateStop);
  on('selected', updateStop);
  updateStop();
}
