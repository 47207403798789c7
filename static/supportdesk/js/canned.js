/** Canned replies: a slash at the start of a word, or the button, offers them.
    Arrows choose, Enter and Tab take, Escape closes; the focus stays in the text. */

import * as attachments from './attachments.js';
import { on } from './bus.js';
import { $, $$, element, icon, parse } from './dom.js';
import { get, post } from './request.js';

const PAUSE = 120;
// Another slash makes it a path.
const BEGUN = /(?:^|[\s(])\/([^\s/]{0,60})$/;

const composer = () => $('#composer');
const field = () => $('#composer .composer__text');
const box = () => $('#canned');
const options = () => $$('.canned__item', box() ?? document.createElement('div'));
const chosen = () => options().find((option) => option.getAttribute('aria-selected') === 'true');
const isOpen = () => Boolean(box() && !box().hidden);

let timer = 0;
// Counts what was asked: an answer that comes late belongs to nobody.
let asked = 0;
// What is shown, or is being asked for; null while no word is begun.
let words = null;
let isWaiting = false;
// Enter or Tab came before the answer: it means the first one.
let takesFirst = '';
// What the button put there to begin a word.
let begunBy = '';
// Where a word stands that the agent wants as it is.
let left = -1;

/** The word that is begun at the cursor: `{start, end, words}`, or null. */
function begun() {
  const text = field();
  if (!text || text.selectionStart !== text.selectionEnd) return null;
  const end = text.selectionStart;
  const found = text.value.slice(Math.max(0, end - 62), end).match(BEGUN);
  return found && { start: end - found[1].length - 1, end, words: found[1] };
}

function update() {
  const word = begun();
  if (!word) left = -1;
  if (!word || word.start === left) return close();
  if (word.words === words) return;
  words = word.words;
  isWaiting = true;
  takesFirst = '';
  clearTimeout(timer);
  timer = setTimeout(ask, isOpen() || words ? PAUSE : 0, composer(), words);
}

async function ask(form, sought) {
  asked += 1;
  const mine = asked;
  let html = '';
  try {
    const url = `${form.dataset.cannedUrl}?${new URLSearchParams({ q: sought })}`;
    html = await (await get(url)).text();
  } catch {
    // The next letter asks again; nothing of the text is lost.
  }
  if (mine !== asked || words !== sought || form !== composer()) return;
  isWaiting = false;
  show(html);
}

function show(html) {
  const found = parse(html);
  const count = Number($('.canned__box', found)?.dataset.count ?? 0);
  // A word that only begins with a slash; but for the bare slash it is said.
  if (!count && (words || !html)) {
    hide();
    if (takesFirst === 'Enter') meanItself();
    return;
  }
  box().replaceChildren(found);
  box().hidden = false;
  const text = field();
  text.setAttribute('role', 'combobox');
  text.setAttribute('aria-autocomplete', 'list');
  text.setAttribute('aria-haspopup', 'listbox');
  text.setAttribute('aria-expanded', 'true');
  if (count) text.setAttribute('aria-controls', 'canned-list');
  $('[data-canned]', composer()).setAttribute('aria-expanded', 'true');
  $('#canned-said').textContent = $('.canned__box', box()).dataset.said;
  choose(options()[0]);
  if (takesFirst && chosen()) take(chosen());
}

/** There was nothing to take: Enter is what it is without canned replies. */
function meanItself() {
  takesFirst = '';
  const text = field();
  const key = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true });
  if (text.dispatchEvent(key)) write('\n', text.selectionStart, text.selectionEnd);
}

function choose(option) {
  for (const other of options()) other.setAttribute('aria-selected', String(other === option));
  if (!option) return field().removeAttribute('aria-activedescendant');
  field().setAttribute('aria-activedescendant', option.id);
  option.scrollIntoView({ block: 'nearest' });
  $('.canned__text', box()).textContent = $('[data-text]', option).textContent;
  const names = $$('[data-file]', option).map((file) => {
    const shown = element('span', 'token');
    shown.append(icon('paperclip'), element('span', 'truncate', file.textContent));
    return shown;
  });
  $('.canned__files', box()).replaceChildren(...names);
  $('.canned__preview', box()).scrollTop = 0;
}

function hide() {
  if (!box()) return;
  box().hidden = true;
  box().replaceChildren();
  const text = field();
  for (const name of ['role', 'aria-autocomplete', 'aria-haspopup', 'aria-expanded']) {
    text.removeAttribute(name);
  }
  text.removeAttribute('aria-controls');
  text.removeAttribute('aria-activedescendant');
  $('[data-canned]', composer()).setAttribute('aria-expanded', 'false');
  $('#canned-said').textContent = '';
}

function close() {
  clearTimeout(timer);
  asked += 1;
  words = null;
  isWaiting = false;
  takesFirst = '';
  begunBy = '';
  if (isOpen()) hide();
}

/** Escape: the word stays as it is, but for a slash that only the button put there. */
function leave() {
  const word = begun();
  const remove = word && !word.words ? begunBy.length : 0;
  close();
  if (remove) write('', word.end - remove, word.end);
  else left = word ? word.start : -1;
}

function write(text, start, end) {
  field().setRangeText(text, start, end, 'end');
  // The text may hold what looks like a word begun.
  left = begun()?.start ?? -1;
  field().dispatchEvent(new Event('input', { bubbles: true }));
}

function take(option) {
  const word = begun();
  if (!word) return close();
  const text = $('[data-text]', option).textContent;
  const files = $$('[data-file]', option).map((file) => ({
    id: file.dataset.file,
    name: file.textContent,
  }));
  const { usedUrl } = option.dataset;
  close();
  field().focus();
  write(text, word.start, word.end);
  if (files.length) attachments.link(composer(), files);
  // A count that is lost changes only an order.
  post(usedUrl).catch(() => {});
}

function onKey(event) {
  if (event.target !== field() || event.isComposing) return;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (!isOpen() && !isWaiting) return;
  if (!handled(event)) return;
  event.preventDefault();
  // Neither is a message sent by this, nor the field left.
  event.stopPropagation();
}

function handled(event) {
  if (event.key === 'Escape') {
    leave();
    return true;
  }
  const takes = event.key === 'Enter' || event.key === 'Tab';
  if (takes && event.shiftKey) return false;
  if (isWaiting) {
    takesFirst = takes && words ? event.key : '';
    return Boolean(takesFirst);
  }
  const all = options();
  if (!all.length) return false;
  const at = all.indexOf(chosen());
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(all.at((at + step) % all.length));
  else if (takes) take(all[at]);
  return Boolean(step) || takes;
}

function toggle() {
  const text = field();
  const wasOpen = isOpen();
  text.focus();
  if (wasOpen) return leave();
  const before = text.value.slice(0, text.selectionStart);
  const slash = before && !/[\s(]$/.test(before) ? ' /' : '/';
  left = -1;
  text.setRangeText(slash, text.selectionStart, text.selectionEnd, 'end');
  text.dispatchEvent(new Event('input', { bubbles: true }));
  begunBy = slash;
}

function onClick({ target }) {
  if (target.closest('#composer [data-canned]')) return toggle();
  const option = target.closest('#canned .canned__item');
  if (option) return take(option);
  if (isOpen() && !target.closest('#canned') && target !== field()) leave();
}

export function start() {
  document.addEventListener('input', ({ target }) => target === field() && update());
  document.addEventListener('keydown', onKey, { capture: true });
  document.addEventListener('click', onClick);
  // The focus stays in the text, so that the phone's keyboard does, too.
  document.addEventListener('mousedown', (event) => {
    const inside = event.target.closest?.('#canned, #composer [data-canned]');
    if (inside && !event.target.closest('a')) event.preventDefault();
  });
  document.addEventListener('pointermove', ({ target }) => {
    const option = target.closest?.('#canned .canned__item');
    if (option && option !== chosen()) choose(option);
  });
  document.addEventListener('selectionchange', () => {
    if (words !== null && document.activeElement === field() && !begun()) close();
  });
  document.addEventListener('focusout', ({ target, relatedTarget }) => {
    const stays = relatedTarget?.closest?.('#canned, [data-canned]');
    if (target === field() && words !== null && !stays) leave();
  });
  on('selected', close);
}
