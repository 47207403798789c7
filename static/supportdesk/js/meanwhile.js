/** What colleagues have answered since this answer was begun. It is told at once; before
    it can have been noticed, the desk asks whether the answer is still to be sent. */

import * as attachments from './attachments.js';
import { $, $$, element, isVisible, text } from './dom.js';
import { isOwn } from './log.js';

const NOTICED = 2_000;

let timer;

const composer = () => $('#composer');
const notice = () => $('#meanwhile');
const numbering = () => Number($('#thread')?.dataset.numbering ?? 0);
const lastSeq = () => Number($('#thread')?.dataset.lastSeq ?? 0);
const seqOf = (entry) => Number(entry.dataset.seq);

const isBegun = (form) =>
  Boolean($('.composer__text', form).value.trim() || attachments.print(form).length);

const answersAfter = (seq) =>
  $$('#log > .msg--agent[data-seq]').filter((entry) => seqOf(entry) > seq && !isOwn(entry));

const begun = (form) => Number(form.dataset.begun ?? lastSeq());

/** The last entry that stood in the thread when the answer was begun. */
export const begunAt = (form) => ({
  seen: begun(form),
  numbering: Number(form.elements.numbering.value),
});

/** The same, as the desk says it with what it gives back. */
export const saidBy = ({ elements }) => ({
  seen: Number(elements.seen_seq.value),
  numbering: Number(elements.numbering.value),
});

/** A text is in the box that was begun then, or now. */
export function begin(form, then = { seen: lastSeq(), numbering: numbering() }) {
  // By other numbers that says nothing: then it is what this agent had read of these.
  const isKnown = then.seen !== undefined && (then.numbering ?? 0) === numbering();
  const seq = isKnown ? then.seen : Number($('#thread')?.dataset.ownSeen ?? 0);
  form.dataset.begun = seq;
  form.elements.seen_seq.value = seq;
  form.elements.numbering.value = numbering();
  follow();
}

/** The text or the thread has changed. */
export function follow() {
  const form = composer();
  // Colleagues are no reason not to write a note.
  if (!form?.elements.seen_seq || form.dataset.mode === 'note') return;
  const missed = isBegun(form) ? answersAfter(begun(form)) : [];
  if (missed.length) return show(form, missed.at(-1));
  const seen = Math.max(begun(form), lastSeq());
  form.dataset.begun = seen;
  form.elements.seen_seq.value = seen;
  // What the desk itself has said stands as long as there is something to be sent.
  if (!('refused' in notice().dataset) || !isBegun(form)) hide();
}

function show(form, entry) {
  const box = notice();
  if (box.dataset.shown === entry.id) return;
  box.dataset.shown = entry.id;
  delete box.dataset.refused;
  box.replaceChildren(...content(entry));
  box.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(noticed, NOTICED, form, entry);
}

function content(entry) {
  const name = $('.msg__meta b', entry).textContent;
  const said = element('b', '', text('answered-meanwhile', { name }));
  const shown = $('.bubble, .file b', entry);
  const preview = element('span', '', shown?.textContent.trim());
  preview.dir = 'auto';
  preview.lang = $('.bubble', entry)?.lang ?? '';
  const body = element('p', 'meanwhile__body');
  body.append(said, ' ', preview);
  const face = $('.avatar', entry).cloneNode(true);
  face.classList.add('avatar--sm');
  return [face, body];
}

/** It stood there long enough: sending now means sending in spite of it. */
function noticed(form, entry) {
  if (form !== composer() || notice().dataset.shown !== entry.id) return;
  if (isVisible() && form.dataset.mode !== 'note') {
    form.elements.seen_seq.value = Math.max(form.elements.seen_seq.value, seqOf(entry));
  } else timer = setTimeout(noticed, NOTICED, form, entry);
}

function hide() {
  const box = notice();
  clearTimeout(timer);
  delete box.dataset.shown;
  delete box.dataset.refused;
  box.hidden = true;
  box.replaceChildren();
}
