/** Colleagues' names in notes: an @ offers who may see the conversation.
    Arrows choose, Enter and Tab take, Escape closes; the focus stays in the text. */

import { on } from './bus.js';
import { $, $$, element, text } from './dom.js';
import { get } from './request.js';

const MAX_OFFERED = 20;
// Behind a letter it is an address of mail: so reads the desk the note, too.
const BEGUN = /(?<![\p{L}\p{M}\p{N}_])@([^@\r\n]{0,60})$/u;
const ROLES = {
  role: 'combobox',
  'aria-autocomplete': 'list',
  'aria-haspopup': 'listbox',
  'aria-expanded': 'true',
  'aria-controls': 'mention-list',
};

// By address: what was asked for is there, or under way.
const known = new Map();
let field = null;
// Where a word stands that the agent wants as it is.
let left = -1;

const options = () => $$('#mention-list > li');
const chosen = () => options().find((option) => option.getAttribute('aria-selected') === 'true');

function isNote(target) {
  if (!target.matches?.('textarea[data-mentions-url]')) return false;
  return target.form?.id !== 'composer' || target.form.dataset.mode === 'note';
}

const fold = (name) =>
  name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ');

/** The name that is begun at the cursor: `{start, end, words}`, or null. */
function begun(target) {
  if (target.selectionStart !== target.selectionEnd) return null;
  const end = target.selectionStart;
  const found = target.value.slice(Math.max(0, end - 64), end).match(BEGUN);
  return found && { start: end - found[1].length - 1, end, words: found[1] };
}

function load(url) {
  if (!known.has(url)) {
    const answer = get(url).then((response) => response.json());
    known.set(url, answer.then(({ colleagues }) => colleagues));
    // The next letter asks again.
    answer.catch(() => known.delete(url));
  }
  return known.get(url);
}

/** Who has a word of the name that begins so; whose first one does comes first. */
function matching(colleagues, words) {
  const sought = fold(words);
  const names = colleagues.map((person) => ({ ...person, folded: fold(person.name) }));
  const found = names.filter(({ folded }) => ` ${folded}`.includes(` ${sought}`));
  if (found.length === 1 && found[0].folded === sought) return [];
  const first = ({ folded }) => Number(!folded.startsWith(sought));
  return found.sort((a, b) => first(a) - first(b)).slice(0, MAX_OFFERED);
}

async function update(target) {
  const word = begun(target);
  if (!word) left = -1;
  if (!word || word.start === left) return close();
  let colleagues;
  try {
    colleagues = await load(target.dataset.mentionsUrl);
  } catch {
    return;
  }
  const now = begun(target);
  if (document.activeElement !== target || now?.start !== word.start || now.start === left) return;
  if (isNote(target)) show(target, matching(colleagues, now.words));
}

function show(target, people) {
  if (!people.length) return close();
  if (field !== target) close();
  field = target;
  const place = placeOf(target);
  const list = $('.mentions__list', place);
  list.replaceChildren(...people.map(option));
  list.hidden = false;
  for (const [name, value] of Object.entries(ROLES)) target.setAttribute(name, value);
  const number = people.length;
  $('[role=status]', place).textContent = text(number > 1 ? 'offered' : 'offered-one', { number });
  choose(options()[0]);
}

/** Between the text and what follows it, without height. */
function placeOf(target) {
  const there = target.parentElement.querySelector('.mentions');
  if (there) return there;
  const place = element('div', 'mentions');
  const list = element('ul', 'mentions__list');
  list.id = 'mention-list';
  list.hidden = true;
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', text('colleagues'));
  const said = element('p', 'sr-only');
  said.setAttribute('role', 'status');
  place.append(list, said);
  // The composer stands at the bottom of the page.
  if (target.form?.id === 'composer') target.before(place);
  else target.after(place);
  return place;
}

function option({ id, name, initials, hue }) {
  const item = element('li', 'mentions__item');
  item.id = `mention-${id}`;
  item.dataset.name = name;
  item.setAttribute('role', 'option');
  const face = element('span', 'avatar avatar--sm avatar--agent', initials);
  face.dataset.hue = hue;
  face.setAttribute('aria-hidden', 'true');
  const label = element('span', 'truncate', name);
  label.dir = 'auto';
  item.append(face, label);
  return item;
}

function choose(item) {
  for (const other of options()) other.setAttribute('aria-selected', String(other === item));
  field.setAttribute('aria-activedescendant', item.id);
  item.scrollIntoView({ block: 'nearest' });
}

function close() {
  if (!field) return;
  for (const name of [...Object.keys(ROLES), 'aria-activedescendant']) field.removeAttribute(name);
  const place = placeOf(field);
  field = null;
  $('.mentions__list', place).hidden = true;
  $('.mentions__list', place).replaceChildren();
  $('[role=status]', place).textContent = '';
}

function take(item) {
  const target = field;
  const word = begun(target);
  close();
  if (!word) return;
  target.focus();
  const space = /^\s/.test(target.value.slice(word.end)) ? '' : ' ';
  target.setRangeText(`@${item.dataset.name}${space}`, word.start, word.end, 'end');
  left = word.start;
  target.dispatchEvent(new Event('input', { bubbles: true }));
}

function onKey(event) {
  if (!field || event.target !== field || event.isComposing) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const all = options();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(all.at((all.indexOf(chosen()) + step) % all.length));
  else if (event.key === 'Enter' || event.key === 'Tab') take(chosen());
  else if (event.key === 'Escape') leave();
  else return;
  event.preventDefault();
  // Neither is a note sent by this, nor the field left.
  event.stopPropagation();
}

function leave() {
  left = begun(field)?.start ?? -1;
  close();
}

export function start() {
  document.addEventListener('input', ({ target }) => isNote(target) && update(target));
  document.addEventListener('keydown', onKey, { capture: true });
  document.addEventListener('click', ({ target }) => {
    const item = target.closest('.mentions__item');
    if (item) take(item);
    else if (field && target !== field) leave();
  });
  // The focus stays in the text, so that the phone's keyboard does, too.
  document.addEventListener('mousedown', (event) => {
    if (event.target.closest?.('.mentions__list')) event.preventDefault();
  });
  document.addEventListener('pointermove', ({ target }) => {
    const item = target.closest?.('.mentions__item');
    if (item && item !== chosen()) choose(item);
  });
  document.addEventListener('selectionchange', () => {
    if (field && document.activeElement === field && !begun(field)) close();
  });
  document.addEventListener('focusout', ({ target }) => target === field && leave());
  on('selected', () => {
    close();
    known.clear();
    left = -1;
  });
}
