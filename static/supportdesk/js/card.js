/**
 * The visitor card: each section loads, fails and is asked for anew by itself.
 *
 * What the server stores comes in as fragments; where an agent is writing nothing is
 * replaced, they are told instead.
 */

import { emit, on } from './bus.js';
import { $, $$, element, isTyping, parse, process, text } from './dom.js';
import { dropDrawer } from './drawer.js';
import { get } from './request.js';
import { passedSince } from './rows.js';

const PAUSE = 250;
const SAVED = 3_000;
const TICK = 20_000;
// For so long the desk remembers what changed, for a page that is on its way.
const REMEMBERED = 25_000;
const OWN_PATH = /^.*\/conversations\/[0-9a-f-]+\/visitor\//;

// What a frame names, and what shows it. The history brings the head's numbers along.
const SHOWN_IN = {
  contact: ['head', 'contact'],
  note: ['note'],
  customer: ['customer'],
  conversations: ['conversations'],
  history: ['history'],
  state: ['state'],
};

const card = () => $('#visitor-card');
const thread = () => $('#thread');
const sectionOf = (name) => document.getElementById(`visitor-${name}`);
const visitor = () => (sectionOf('head') && card()?.dataset.visitor) || '';
/** The card outlives the conversation it came with: it asks for the one that is open. */
const base = () => thread()?.dataset.cardUrl ?? '';

// Asking

const wanted = new Set();
const asking = new Set();
let timer;

function ask(names) {
  names.forEach((name) => wanted.add(name));
  timer ??= setTimeout(askNow, PAUSE);
}

function askNow() {
  timer = undefined;
  // A page nobody sees asks when somebody does.
  if (document.hidden) return;
  const names = [...wanted];
  wanted.clear();
  for (const name of names) {
    // Its first load, or the last question, may be older than what changed.
    if (asking.has(name) || sectionOf(name)?.matches('[aria-busy].htmx-request')) ask([name]);
    else load(name);
  }
}

/** A link of it is under way: without it, htmx would lose what comes beside the thread. */
const isLeaving = (name) => $('a.htmx-request', sectionOf(name) ?? card());

async function load(name) {
  const section = sectionOf(name);
  if (!section || !base()) return;
  const whose = visitor();
  asking.add(name);
  try {
    const query = name === 'history' ? '?with=glance' : '';
    const response = await get(`${base()}${name}/${query}`, section.id);
    const fresh = parse(await response.text());
    if (visitor() !== whose) return;
    if (isLeaving(name)) ask([name]);
    else put(fresh);
  } catch (error) {
    // What is not visible any more is taken away by the thread.
    if (error.status !== 404 && visitor() === whose) fail(sectionOf(name));
  } finally {
    asking.delete(name);
  }
}

// Putting in

function put(fragment) {
  for (const fresh of [...fragment.children]) {
    const old = fresh.id && document.getElementById(fresh.id);
    if (!old) continue;
    if (fresh.matches('[data-part]')) putPart(old, fresh);
    else putSection(old, fresh);
  }
}

function putSection(old, fresh) {
  const parts = $$('[data-part]', fresh).map((part) => [$(`#${part.id}`, old), part]);
  if (parts.length && parts.every(([there]) => there)) {
    rename(old, fresh);
    for (const pair of parts) putPart(...pair);
    $$('.card-failed', old).forEach((line) => line.remove());
    return;
  }
  keepOpen(old, fresh);
  if (!fresh.isEqualNode(old)) replace(old, fresh);
}

function putPart(old, fresh) {
  if (isWrittenIn(old)) tell(old, fresh);
  else if (!isSame(old, fresh)) replace(old, fresh);
}

const fieldOf = (form) => $('textarea, input:not([type=hidden])', form);

function isWrittenIn(part) {
  const field = part.matches('form') && fieldOf(part);
  if (!field) return false;
  return (
    part.matches('.htmx-request') ||
    field === document.activeElement ||
    field.matches('[aria-invalid]') ||
    field.value !== field.defaultValue
  );
}

/** Of a form only what is stored counts: its token differs, and "Saved" may stay. */
const signature = (form) => form.dataset.stored;

const isSame = (old, fresh) =>
  old.matches('form') ? signature(old) === signature(fresh) : old.isEqualNode(fresh);

/** Quietly, beside what the agent is writing. */
function tell(old, fresh) {
  if (signature(old) === signature(fresh)) return;
  const value = fieldOf(fresh).defaultValue;
  const news = $('.edit__news', old) ?? element('p', 'edit__news');
  news.setAttribute('role', 'status');
  news.textContent = $('[name=version]', fresh)
    ? text('note-changed')
    : text('changed-meanwhile', { value: value || '–' });
  fieldOf(old).closest('form').append(news);
}

/** What was told can be shown once nothing is being written any more. */
function onLeft({ target }) {
  const form = target.closest?.('#visitor-card form[data-part]');
  if (!form || !$('.edit__news', form)) return;
  const name = form.closest('[data-section]').dataset.section;
  setTimeout(() => form.isConnected && !isWrittenIn(form) && load(name));
}

/** Tab has left the note for what follows, past the answer that a conflict asks for. */
function onConflict() {
  const { activeElement } = document;
  if (!$('#visitor-note-stored') || isTyping(activeElement)) return;
  if (activeElement.matches('#visitor-card :focus-visible')) $('#visitor-note-text').focus();
}

/** Folded stays folded; pages of a visit that were asked for stay. */
function keepOpen(old, fresh) {
  if (old.matches('details')) fresh.open = old.open;
  for (const there of $$('details[id]', old)) {
    const here = $(`#${there.id}`, fresh);
    if (here) here.open = there.open;
    if (here?.matches('.visit') && there.open) here.replaceWith(there);
  }
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  process(fresh);
  emit('content', { root: fresh });
  if (!focused) return;
  const href = focused.getAttribute('href');
  const again = focused.id
    ? document.getElementById(focused.id)
    : $$('a[href]', fresh).find((link) => link.getAttribute('href') === href);
  (again ?? $('summary, a[href]', fresh))?.focus({ preventScroll: true });
}

/** The thread stays as it was drawn: the head brings what it says of the visitor. */
function rename(old, fresh) {
  const before = old.dataset;
  const now = fresh.dataset;
  if (!now.name || before.name === now.name) return;
  const face = $('#visitor-avatar > .avatar', fresh);
  for (const place of $$('#thread [data-visitor-name]')) place.textContent = now.name;
  for (const place of $$('#thread [data-visitor-typing]')) place.textContent = now.typing;
  for (const avatar of $$('#thread .msg--visitor > .avatar')) {
    const plain = face.cloneNode();
    plain.className = 'avatar';
    // The first is who it is; a badge or whether they are here may follow.
    plain.append(face.firstChild.cloneNode(true));
    avatar.replaceWith(plain);
  }
  $('#thread [role=log]')?.setAttribute('aria-label', now.log);
  const reply = $('#composer-text');
  if (reply) {
    if (reply.placeholder === reply.dataset.replyPlaceholder) reply.placeholder = now.reply;
    reply.dataset.replyPlaceholder = now.reply;
  }
  document.title = document.title.replace(before.name, () => now.name);
  Object.assign(before, now);
}

// A name wraps, so its field has lines; it is written like any other field of one line

function onLineBreak(event) {
  if (event.target.id !== 'visitor-name' || event.inputType !== 'insertLineBreak') return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

function onPasted({ target }) {
  if (target.id !== 'visitor-name' || !target.value.includes('\n')) return;
  const caret = target.selectionEnd;
  target.value = target.value.replaceAll('\n', ' ');
  target.setSelectionRange(caret, caret);
}

// Failing

function fail(section) {
  if (!section) return;
  section.removeAttribute('aria-busy');
  const line = $('.card-failed', section) ?? element('p', 'card-failed');
  const again = element('a', 'link', text('retry'));
  again.href = section.getAttribute('hx-get') || `${base()}${section.dataset.section}/`;
  again.dataset.again = '';
  line.setAttribute('role', 'status');
  line.replaceChildren(`${text('not-loaded')} `, again);
  const body = $('.visit__pages, .card-section__body', section) ?? section;
  if ($('.skeleton', body)) body.replaceChildren(line);
  else body.append(line);
  body.classList.remove('only-script');
  body.removeAttribute('aria-hidden');
}

function onFailure(event) {
  const section = event.target;
  if (!section.matches?.('#visitor-card [data-section]')) return;
  // The section says it; the page need not.
  event.stopPropagation();
  fail(section);
}

function onAgain(event) {
  const link = event.target.closest('[data-again]');
  if (!link) return;
  event.preventDefault();
  const section = link.closest('[data-section]');
  if (section.matches('.visit')) loadVisit(section);
  else load(section.dataset.section);
}

async function loadVisit(visit) {
  try {
    const response = await get(visit.getAttribute('hx-get'));
    $('.visit__pages', visit).replaceChildren(parse(await response.text()));
  } catch {
    fail(visit);
  }
}

// Another conversation of the same visitor

function onRequest({ detail, target }) {
  if (target.closest?.('#visitor-card')) detail.path = detail.path.replace(OWN_PATH, base());
  if (detail.target?.id === 'thread' && visitor()) detail.headers['X-Visitor-Card'] = visitor();
}

async function onSelected({ id }) {
  for (const link of $$('[data-other]', card() ?? document)) {
    if (link.dataset.other === id) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  if (!id || thread().dataset.visitor === card()?.dataset.visitor) return;
  // Two answers overtook each other: nobody's card is better than somebody else's.
  card()?.replaceChildren();
  const response = await get(location.href, 'thread');
  const fresh = $('#visitor-card', parse(await response.text()));
  if (!fresh || fresh.dataset.visitor !== thread()?.dataset.visitor) return;
  fresh.removeAttribute('hx-swap-oob');
  replace(card(), fresh);
}

// Times, and "Saved"

function tick() {
  for (const place of $$('#visitor-card [data-since]')) {
    place.textContent = passedSince(Number(place.dataset.since));
  }
  for (const place of $$('#visitor-card [data-clock]')) {
    const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
    try {
      const time = new Date().toLocaleTimeString('de', { ...clock, timeZone: place.dataset.clock });
      place.textContent = text('time-there', { time });
    } catch {
      // A zone that this browser does not know: the time stays as the server wrote it.
    }
  }
}

function letGo(root) {
  for (const mark of $$('#visitor-card [data-saved]', root)) setTimeout(() => mark.remove(), SAVED);
}

export function start() {
  on('frame:visitor', ({ sections }) => ask(sections.flatMap((name) => SHOWN_IN[name] ?? [])));
  on('socket:open', ({ again }) => {
    if (again || performance.now() > REMEMBERED) ask(Object.values(SHOWN_IN).flat());
  });
  on('selected', onSelected);
  // The drawer covers the thread that was chosen in it.
  document.addEventListener('htmx:beforeSwap', ({ detail, target }) => {
    if (target.id === 'thread' && detail.requestConfig?.elt?.closest?.('#visitor-card')) dropDrawer();
  });
  document.addEventListener('htmx:configRequest', onRequest);
  for (const name of ['htmx:responseError', 'htmx:sendError', 'htmx:timeout']) {
    document.addEventListener(name, onFailure, { capture: true });
  }
  document.addEventListener('htmx:afterSettle', () => letGo(document));
  document.addEventListener('htmx:afterSettle', ({ target }) => {
    if (target.id === 'visitor-note') onConflict();
  });
  document.addEventListener('click', onAgain);
  document.addEventListener('focusout', onLeft);
  document.addEventListener('beforeinput', onLineBreak);
  document.addEventListener('input', onPasted);
  document.addEventListener('visibilitychange', () => !document.hidden && wanted.size && askNow());
  setInterval(tick, TICK);
}
