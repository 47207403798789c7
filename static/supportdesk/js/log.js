/** The entries of the open thread: each once, in order, with day lines between. */

import { $, $$, element, icon, me, process, text } from './dom.js';

const SAME_TURN = 5 * 60_000;
const AT_BOTTOM = 80;

const log = () => $('#log');
const scroller = () => $('.thread-scroll');
const entries = () => $$('#log > [data-seq]');
const seqOf = (entry) => Number(entry.dataset.seq);

export const isOwn = (entry) => [`agent-${me()}`, `note-${me()}`].includes(entry.dataset.author);

/** The list is turned upside down by CSS: 0 is the bottom, above is negative. */
const isUp = () => scroller()?.scrollTop < -AT_BOTTOM;

export const toBottom = () => {
  const box = scroller();
  if (box) box.scrollTop = 0;
  hidePill();
};

/** What a search has found in the thread, into the middle of what is seen of it. */
export const toHit = () => $('#hit')?.closest('.msg').scrollIntoView({ block: 'center' });

/** Put new entries in by `seq`; returns those that were not there yet. */
export function append(items) {
  const box = scroller();
  const wasUp = isUp();
  const height = box?.scrollHeight;
  const top = box?.scrollTop;
  const added = items.filter((item) => item.dataset.seq && !document.getElementById(item.id));
  for (const item of added) {
    const before = entries().findLast((entry) => seqOf(entry) < seqOf(item));
    if (before) before.after(item);
    else if (entries()[0]) entries()[0].before(item);
    else log().prepend(item);
    markOwnName(item);
    process(item);
  }
  if (!added.length) return added;
  tidy();
  if (added.some(isOwn)) toBottom();
  else if (wasUp) {
    // What the agent reads stays where it is, whether the browser anchors or not.
    if (box.scrollTop === top) box.scrollTop = top - (box.scrollHeight - height);
    showPill();
  }
  return added;
}

/** What was pushed is the same for all agents: who is named knows only the page. */
function markOwnName(item) {
  for (const name of $$('[data-mentions]', item)) {
    if (name.dataset.mentions.split(' ').includes(me())) name.classList.add('mention--me');
  }
}

/**
 * Day lines and "same author" follow from what is in the log, however it came.
 * What is right already stays: a screen reader reads what is put in.
 */
export function tidy() {
  const seen = new Set();
  const lines = new Set();
  let day = null;
  let previous = null;
  for (const item of entries()) {
    if (seen.has(item.id)) {
      item.remove();
      continue;
    }
    seen.add(item.id);
    if (item.dataset.day && item.dataset.day !== day) {
      day = item.dataset.day;
      previous = null;
      const above = item.previousElementSibling;
      if (above?.id !== `day-${day}`) item.before(dayLine(item));
      lines.add(item.previousElementSibling);
    }
    item.classList.toggle('msg--cont', continues(previous, item));
    previous = item;
  }
  for (const line of $$('#log > .day')) if (!lines.has(line)) line.remove();
}

function dayLine({ dataset }) {
  const line = element('li', 'day');
  line.id = `day-${dataset.day}`;
  const time = element('time', '', dataset.dayLabel);
  time.dateTime = dataset.day;
  line.append(time);
  return line;
}

function continues(previous, item) {
  return (
    item.matches('.msg') &&
    previous !== null &&
    previous.dataset.author === item.dataset.author &&
    new Date(item.dataset.at) - new Date(previous.dataset.at) < SAME_TURN
  );
}

/** "Seen" stands below the last answer the visitor has seen, and only there. */
export function showSeen(publicSeq) {
  const answers = $$('#log > .msg--agent[data-public-seq]');
  const last = answers.findLast((answer) => Number(answer.dataset.publicSeq) <= publicSeq);
  for (const state of $$('#log [data-seen]')) state.hidden = state.closest('.msg') !== last;
}

function showPill() {
  if ($('#new-messages')) return;
  const slot = element('div', 'new-messages');
  slot.id = 'new-messages';
  const pill = element('button', 'btn btn--sm');
  pill.type = 'button';
  pill.append(icon('arrow-down', 'icon icon--sm'), text('new-messages'));
  pill.addEventListener('click', toBottom);
  slot.append(pill);
  scroller().after(slot);
}

const hidePill = () => $('#new-messages')?.remove();

export function start() {
  // Scroll events do not bubble; the capture phase hears those of any thread.
  document.addEventListener(
    'scroll',
    (event) => {
      if (event.target === scroller() && !isUp()) hidePill();
    },
    { capture: true, passive: true },
  );
}
