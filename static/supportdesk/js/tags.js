/**
 * The tags of the open conversation: find one or make one, by keyboard.
 *
 * The form is htmx's and works without this. What is offered is asked for when the
 * editor opens; what the conversation has by then is hidden here.
 */

import { $, $$, element, icon, parse } from './dom.js';
import { get } from './request.js';

const editor = () => $('#tag-editor');
const form = () => $('#tag-form');
const field = () => $('#tag-name');
const box = () => $('#tag-options');
const shown = () => $$('[role=option]:not([hidden])', box());
const active = () => $('[role=option].is-active', box());
const plain = (text) => text.trim().replace(/\s+/g, ' ').normalize('NFC').toLowerCase();

/** Letters with their marks taken off: who types "Rucksendung" means "Rücksendung". */
const bare = (text) => plain(text).normalize('NFD').replace(/\p{M}/gu, '');

// Opening

async function onToggle({ target }) {
  if (target.id !== 'tag-editor') return;
  setCombobox(target.open);
  if (!target.open) return reset();
  focusIn();
  try {
    const response = await get($('#conversation-tags').dataset.optionsUrl);
    const html = await response.text();
    if (target !== editor() || !target.open) return;
    box().replaceChildren(parse(html));
  } catch {
    // Without them the name can be typed all the same.
  }
  filter();
}

/** At once, and again if the drawer it is in only begins to become visible. */
function focusIn() {
  if (!editor()?.open || document.activeElement === field()) return;
  field().focus();
  if (document.activeElement !== field()) requestAnimationFrame(focusIn);
}

/** With script the field is what drives the list below it. */
function setCombobox(open) {
  const input = field();
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-controls', 'tag-options');
  input.setAttribute('aria-expanded', String(open));
}

function reset() {
  form().reset();
  form().elements.tag.value = '';
  box().replaceChildren();
  field().removeAttribute('aria-activedescendant');
}

// What is offered

function filter() {
  const typed = field().value;
  const wanted = bare(typed);
  const taken = new Set($$('#tag-list [data-tag]').map((tag) => tag.dataset.tag));
  $('#tag-create')?.remove();
  let exact = false;
  for (const option of $$('[role=option]', box())) {
    const { name, value } = option.dataset;
    exact ||= plain(name) === plain(typed);
    option.hidden = taken.has(value) || !bare(name).includes(wanted);
  }
  if (wanted && !exact) box().append(creation(typed.trim()));
  // What begins so comes before what only holds it.
  const begins = shown().find((option) => bare(option.dataset.name ?? '').startsWith(wanted));
  activate(wanted ? (begins ?? shown()[0]) : null);
}

function creation(name) {
  const option = element('li', 'tag-option');
  option.id = 'tag-create';
  option.setAttribute('role', 'option');
  option.append(icon('plus', 'icon icon--sm'), box().dataset.create.replace('{name}', () => name));
  return option;
}

function activate(option) {
  for (const other of $$('[role=option]', box())) {
    other.classList.toggle('is-active', other === option);
    other.setAttribute('aria-selected', String(other === option));
  }
  if (option) {
    field().setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  } else {
    field().removeAttribute('aria-activedescendant');
  }
}

// Choosing

function choose(option) {
  form().elements.tag.value = option?.dataset.value ?? '';
  if (!option && !field().value.trim()) return;
  form().requestSubmit();
}

function step(by) {
  const options = shown();
  if (!options.length) return;
  const at = options.indexOf(active());
  activate(options.at(at < 0 && by < 0 ? -1 : (at + by) % options.length));
}

function removeLast() {
  $$('#tag-list form').at(-1)?.requestSubmit();
}

function onKey(event) {
  if (event.target.id !== 'tag-name' || event.isComposing) return;
  const empty = !event.target.value;
  if (event.key === 'ArrowDown') step(1);
  else if (event.key === 'ArrowUp') step(-1);
  else if (event.key === 'Enter') choose(active());
  else if (event.key === 'Backspace' && empty && !event.repeat) removeLast();
  else return;
  event.preventDefault();
}

/** Taken: the field is free for the next one. */
function onAnswer({ detail }) {
  if (detail.elt.id !== 'tag-form') return;
  detail.elt.elements.tag.value = '';
  // For htmx a refusal is an answer, too.
  if (!detail.successful || detail.xhr.status >= 400) return;
  field().value = '';
  filter();
}

/** The button that had the focus is gone with its tag. */
function onSwapped() {
  if (document.activeElement !== document.body || !removing) return;
  removing = false;
  const next = $('#tag-list button') ?? $('#tag-editor summary');
  next?.focus({ preventScroll: true });
}

let removing = false;

export function openTags() {
  if (!editor()) return;
  editor().open = true;
  focusIn();
}

export function start() {
  // Neither `toggle` nor focus events bubble.
  document.addEventListener('toggle', onToggle, { capture: true });
  document.addEventListener('keydown', onKey);
  document.addEventListener('input', ({ target }) => target.id === 'tag-name' && filter());
  document.addEventListener('pointerdown', (event) => {
    // The field keeps the focus, and with it the editor stays open.
    if (event.target.closest('.tag-option')) event.preventDefault();
  });
  document.addEventListener('click', (event) => {
    const option = event.target.closest('.tag-option');
    if (option) choose(option);
  });
  document.addEventListener('submit', ({ target }) => {
    removing = Boolean(target.closest('#tag-list')) && target.contains(document.activeElement);
  });
  document.addEventListener('htmx:afterRequest', onAnswer);
  // Not when it has settled: by then a push may have put another list in its place.
  document.addEventListener('htmx:afterSwap', ({ target }) => {
    if (target.id !== 'tag-list') return;
    onSwapped();
    if (editor()?.open) filter();
  });
}
