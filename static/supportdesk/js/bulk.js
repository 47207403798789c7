/** Rows that are selected, and what is done with all of them at once. */

import { on } from './bus.js';
import { $, $$, parse, text } from './dom.js';
import { refresh } from './list.js';
import { post } from './request.js';
import { list, rows } from './rows.js';
import { toast } from './toast.js';

const SHOWN = 30_000;

// Rows are drawn anew all the time; which are selected is kept here.
const picked = new Set();
let anchor = null;

const box = (row) => $('[data-pick]', row);

/** Bring boxes and bar up to what is selected; what left the list is not, any more. */
function show() {
  const here = rows();
  const ids = new Set(here.map((row) => row.dataset.id));
  for (const id of picked) if (!ids.has(id)) picked.delete(id);
  for (const row of here) if (box(row)) box(row).checked = picked.has(row.dataset.id);
  const count = $('[data-picked]');
  if (count && count.textContent !== String(picked.size)) count.textContent = picked.size;
  const all = $('[data-pick-all]');
  if (!all) return;
  all.checked = picked.size > 0 && picked.size === here.length;
  all.indeterminate = picked.size > 0 && !all.checked;
}

/** Whether there was room: more than that at once the desk refuses. */
function set(row, on) {
  const { id } = row.dataset;
  if (!on) picked.delete(id);
  else if (picked.size < Number($('#bulk').dataset.max)) picked.add(id);
  return !on || picked.has(id);
}

/** As many of them as there is room for, and a word if that is not all. */
function setAll(some, on) {
  if (some.every((row) => set(row, on))) return;
  toast(text('bulk-full', { number: $('#bulk').dataset.max }), { error: true });
}

/** With shift all rows from the one before to this one become as this one. */
function pick(row, isOn, ranged) {
  const all = rows();
  const from = ranged ? all.findIndex(({ dataset }) => dataset.id === anchor) : -1;
  const to = all.indexOf(row);
  if (from < 0) setAll([row], isOn);
  else setAll(all.slice(Math.min(from, to), Math.max(from, to) + 1), isOn);
  anchor = row.dataset.id;
  show();
}

export function clear() {
  if (!picked.size) return false;
  const wasWithin = Boolean(document.activeElement?.closest('#bulk'));
  picked.clear();
  show();
  // The bar goes, and a focus within it with it.
  if (wasWithin) $('.conv__link[tabindex="0"]', list())?.focus();
  return true;
}

function onClick(event) {
  const { target } = event;
  const row = target.closest('.conv[id]');
  if (row && target.matches('[data-pick]')) pick(row, target.checked, event.shiftKey);
  else if (target.closest('[data-pick-all]')) {
    setAll(rows(), target.checked);
    show();
  } else if (target.closest('[data-pick-none]')) clear();
  else if (target.closest('[data-toast-close]')) target.closest('.toast').remove();
}

function say(html) {
  $$('[data-bulk-toast]').forEach((old) => old.remove());
  const shown = parse(html).firstElementChild;
  $('#toasts')?.append(shown);
  const leave = () => {
    if (shown.matches(':hover, :focus-within')) setTimeout(leave, SHOWN);
    else shown.remove();
  };
  setTimeout(leave, SHOWN);
  return shown;
}

async function onSubmit(event) {
  const form = event.target;
  if (!form.matches('#bulk, [data-undo]')) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  let isRefused;
  try {
    const response = await post(form.action, data);
    isRefused = say(await response.text()).matches('.toast--error');
  } catch {
    toast(text('error'), { error: true });
    return;
  }
  // Of what was refused as a whole something else may be done.
  if (form.id === 'bulk' && !isRefused) clear();
  refresh();
}

export function start() {
  document.addEventListener('click', onClick);
  document.addEventListener('submit', onSubmit);
  for (const name of ['content', 'frame:conversation', 'frame:gone', 'selected']) on(name, show);
  document.addEventListener('htmx:afterSettle', show);
  show();
}
