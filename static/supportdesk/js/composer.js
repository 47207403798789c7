/** Answering: the text stays in the box until the desk has it, and is stored once. */

import * as attachments from './attachments.js';
import { on } from './bus.js';
import { $, $$, app, debounce, element, icon, text, uuid } from './dom.js';
import * as drafts from './drafts.js';
import * as meanwhile from './meanwhile.js';
import { fit } from './page.js';
import { postForm } from './request.js';
import { send } from './socket.js';
import { catchUp } from './thread.js';
import { toast } from './toast.js';

const TYPING_PAUSE = 3_000;
const TIMEOUT = 30_000;
const UPLOAD_TIMEOUT = 300_000;

// By conversation: what was sent last and is not known to be stored.
const pending = new Map();
let typingAt = 0;
let known = null;
let lastMode = 'reply';

const composer = () => $('#composer');
const field = (form = composer()) => form && $('.composer__text', form);
const modeOf = (form) => form.dataset.mode;
const idOf = (form) => form.dataset.conversation;

// Kind of message

function setMode(form, mode) {
  form.dataset.mode = mode;
  form.classList.toggle('composer--note', mode === 'note');
  for (const button of $$('button[data-mode]', form)) {
    button.setAttribute('aria-pressed', button.dataset.mode === mode);
  }
  const { replyPlaceholder, notePlaceholder } = field(form).dataset;
  field(form).placeholder = (mode === 'note' ? notePlaceholder : replyPlaceholder) ?? '';
}

function switchMode(form, mode) {
  if (mode === modeOf(form)) return;
  stopTyping();
  saveDraft(form);
  setMode(form, mode);
  lastMode = mode;
  hideError(form);
  restoreDraft(form);
}

// Drafts

const saveDraft = (form) =>
  field(form) &&
  drafts.save(idOf(form), modeOf(form), field(form).value, {
    clientId: clientIdIfUnchanged(form),
    ...meanwhile.begunAt(form),
  });
/** Of the box that was written in: one that has only just come does not hold it yet. */
const saveKnown = () => known && field(known) && !known.dataset.sent && saveDraft(known);
const saveDraftSoon = debounce(saveKnown, 250);

function restoreDraft(form) {
  const draft = drafts.load(idOf(form), modeOf(form));
  field(form).value = draft.text;
  fit(field(form));
  meanwhile.begin(form, draft.text ? draft : undefined);
  if (draft.clientId && !pending.has(idOf(form))) {
    pending.set(idOf(form), { clientId: draft.clientId, print: print(form) });
  }
}

// Sending

const print = (form) =>
  JSON.stringify([modeOf(form), field(form).value, attachments.print(form)]);

/** A changed text is another message: under the old id the desk would drop it. */
function clientIdIfUnchanged(form) {
  const before = pending.get(idOf(form));
  return before?.print === print(form) ? before.clientId : undefined;
}

function onSubmit(event) {
  const form = event.target;
  if (form.id !== 'composer' || !field(form)) return;
  if (event.submitter?.dataset.elsewhere !== undefined) return openElsewhere(event);
  // Before htmx: it would forget the answer for a thread that was left meanwhile.
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.classList.contains('is-sending')) return;
  if (!field(form).value.trim() && !attachments.print(form).length) return field(form).focus();
  const button = event.submitter;
  // A second try does what the first one should have done, such as resolve.
  const extra = button?.dataset.retry ? pending.get(idOf(form))?.extra : button?.name && button;
  submit(form, extra && { name: extra.name, value: extra.value });
}

/** The text goes to another page of the desk, as the browser sends it: not to htmx. */
function openElsewhere(event) {
  event.stopImmediatePropagation();
  const form = event.target;
  if (!field(form).value.trim()) {
    event.preventDefault();
    return field(form).focus();
  }
  const withoutFiles = ({ formData }) => formData.delete('files');
  form.addEventListener('formdata', withoutFiles, { once: true });
}

async function submit(form, extra) {
  const clientId = clientIdIfUnchanged(form) ?? uuid();
  const typed = field(form).value;
  const message = { clientId, print: print(form), text: typed, mode: modeOf(form), extra };
  pending.set(idOf(form), message);
  form.elements.client_id.value = clientId;
  saveDraft(form);
  hideError(form);
  stopTyping();
  form.classList.add('is-sending');
  form.setAttribute('aria-busy', 'true');
  const url = message.mode === 'note' ? form.dataset.noteUrl : form.dataset.replyUrl;
  const patience = attachments.print(form).length ? UPLOAD_TIMEOUT : TIMEOUT;
  const body = new FormData(form);
  if (extra) body.set(extra.name, extra.value);
  // The choice for pages without script; here the address says it.
  body.delete('kind');
  let answer;
  try {
    answer = await postForm(url, body, patience);
  } catch {
    answer = { status: 0 };
  }
  form.classList.remove('is-sending');
  form.removeAttribute('aria-busy');
  if (answer.status === 0 || answer.status >= 500) return failed(form, answer.status);
  const isRefused = answer.status >= 400;
  if (isRefused) pending.delete(idOf(form));
  else sent(form, message);
  if (isRefused && ![409, 422].includes(answer.status)) return failed(form, answer.status);
  if (!form.isConnected) {
    if (isRefused) toast(text('not-sent-error'), { error: true });
    return;
  }
  lastMode = modeOf(form);
  window.htmx.swap(form, answer.html, { swapStyle: 'outerHTML' });
  setUp();
  // What a colleague answered meanwhile may not have been pushed.
  if (answer.status === 409) catchUp();
}

function sent(form, message) {
  pending.delete(idOf(form));
  attachments.clear(idOf(form));
  form.dataset.sent = 'true';
  // What was typed while it was under way begins the next message.
  const typed = message.mode === modeOf(form) ? field(form).value : '';
  const rest = typed.startsWith(message.text) ? typed.slice(message.text.length) : typed;
  drafts.save(idOf(form), message.mode, rest.trimStart());
  if (message.mode !== modeOf(form)) saveDraft(form);
  if (form.isConnected) catchUp();
  else emptySame(form, message);
}

/** The thread was left and opened again meanwhile: its box holds what is now sent. */
function emptySame(form, message) {
  const now = composer();
  if (!now || !field(now) || idOf(now) !== idOf(form) || modeOf(now) !== message.mode) return;
  if (field(now).value === message.text) field(now).value = '';
  attachments.restore(now);
}

function failed(form, status) {
  const reason = { 0: 'not-sent', 413: 'not-sent-size' }[status] ?? 'not-sent-error';
  if (!form.isConnected) {
    toast(text(reason), { error: true });
    return;
  }
  const line = element('p', 'composer__error');
  line.setAttribute('role', 'alert');
  const retry = element('button', 'btn btn--sm', text('retry'));
  retry.dataset.retry = 'true';
  line.append(icon('circle-alert'), element('span', '', text(reason)), retry);
  $('.composer__bar', form).before(line);
  // Perhaps it arrived and only the answer was lost.
  catchUp();
}

const hideError = (form) => $$('.composer__error', form).forEach((line) => line.remove());

// Typing

function noteTyping(form) {
  if (!field(form).value.trim()) return stopTyping();
  if (Date.now() - typingAt < TYPING_PAUSE) return;
  // Of a note only colleagues hear.
  const note = modeOf(form) === 'note' && { note: true };
  if (send({ type: 'typing', active: true, ...note })) typingAt = Date.now();
}

function stopTyping() {
  if (!typingAt) return;
  typingAt = 0;
  send({ type: 'typing', active: false });
}

function onKey(event) {
  if (!isField(event.target)) return;
  if (event.key !== 'Enter' || event.isComposing || event.shiftKey || event.altKey) return;
  const command = event.ctrlKey || event.metaKey;
  if (!command && app().dataset.enterSends === undefined) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

// A composer that came from the server, for the first time or anew

function setUp() {
  const form = composer();
  if (form === known) return;
  saveKnown();
  const same = known && form && idOf(known) === idOf(form);
  known = form;
  if (!form || !field(form)) return;
  setMode(form, same ? lastMode : modeOf(form));
  // After a refusal the server gives back what was sent, with the reason.
  attachments.restore(form);
  if (!field(form).value) restoreDraft(form);
  else meanwhile.begin(form, meanwhile.saidBy(form));
  if (same && document.activeElement === document.body) {
    field(form).focus({ preventScroll: true });
  }
}

const isField = (target) => target.matches?.('#composer .composer__text');

export function start() {
  attachments.start();
  drafts.forgetOld();
  on('entries', meanwhile.follow);
  document.addEventListener('submit', onSubmit, { capture: true });
  document.addEventListener('htmx:afterSettle', setUp);
  document.addEventListener('keydown', onKey);
  document.addEventListener('input', ({ target }) => {
    if (!isField(target)) return;
    meanwhile.follow();
    saveDraftSoon();
    noteTyping(target.form);
  });
  document.addEventListener('focusout', ({ target }) => isField(target) && stopTyping());
  document.addEventListener('click', ({ target }) => {
    const choice = target.closest('#composer button[data-mode]');
    if (!choice) return;
    switchMode(choice.form, choice.dataset.mode);
    field().focus();
  });
  addEventListener('pagehide', saveKnown);
  on('selected', () => {
    lastMode = 'reply';
    typingAt = 0;
    setUp();
  });
  on('content', setUp);
  on('joined', ({ id, into }) => {
    if (!known || !field(known) || idOf(known) !== id) return;
    saveDraft(known);
    drafts.move(id, into);
    known.dataset.sent = 'true';
  });
  setUp();
}
