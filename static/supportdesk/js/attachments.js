/** Files of the composer: chosen, dropped or pasted; kept while other threads are open. */

import { $, $$, element, icon, text } from './dom.js';
import { toast } from './toast.js';

const MEGABYTE = 1_048_576;

const kept = new Map();

const composer = () => $('#composer');
const input = (form = composer()) => form && $('input[type=file]', form);
const key = (form) => form.dataset.conversation;

export const files = (form) => [...(input(form)?.files ?? [])];

function set(form, list) {
  const transfer = new DataTransfer();
  for (const file of list) transfer.items.add(file);
  input(form).files = transfer.files;
  if (list.length) kept.set(key(form), list);
  else kept.delete(key(form));
  draw(form);
}

export function add(form, list) {
  if (!input(form)) return;
  const limit = Number(form.dataset.maxBytes || Infinity);
  const fitting = [...list].filter((file) => file.size <= limit);
  for (const file of list) {
    if (file.size <= limit) continue;
    const size = Math.floor(limit / MEGABYTE);
    toast(text('too-large', { name: file.name, size }), { error: true });
  }
  set(form, [...(kept.get(key(form)) ?? []), ...fitting]);
}

export const clear = (conversation) => kept.delete(conversation);

/** Put what was chosen before into a composer that came anew from the server. */
export const restore = (form) => input(form) && set(form, kept.get(key(form)) ?? []);

function draw(form) {
  const box = $('.composer__files', form);
  box.hidden = files(form).length === 0;
  box.replaceChildren(...files(form).map((file, index) => chip(form, file, index)));
}

function chip(form, file, index) {
  const shown = element('span', 'token');
  const button = element('button');
  button.type = 'button';
  button.setAttribute('aria-label', text('remove', { name: file.name }));
  button.append(icon('x'));
  button.addEventListener('click', () => {
    set(form, files(form).toSpliced(index, 1));
    ($$('.composer__files button', form)[index] ?? $('.composer__text', form)).focus();
  });
  shown.append(icon('paperclip'), element('span', 'truncate', file.name), button);
  return shown;
}

const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes('Files');
const dropping = (on) => composer()?.classList.toggle('is-dropping', on);

export function start() {
  document.addEventListener('click', ({ target }) => {
    const button = target.closest('[data-attach]');
    if (button) input(button.closest('form')).click();
  });
  document.addEventListener('change', ({ target }) => {
    // The browser replaces the choice; here a second one adds to the first.
    if (target === input()) add(composer(), files(composer()));
  });
  document.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    // Anywhere: a file beside the composer must not replace the page.
    event.preventDefault();
    const over = event.target.closest('#thread') && input();
    event.dataTransfer.dropEffect = over ? 'copy' : 'none';
    dropping(Boolean(over));
  });
  document.addEventListener('dragleave', (event) => !event.relatedTarget && dropping(false));
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    dropping(false);
    if (event.target.closest('#thread')) add(composer(), event.dataTransfer.files);
  });
  document.addEventListener('paste', (event) => {
    if (!event.target.matches('#composer .composer__text')) return;
    const pasted = event.clipboardData.files;
    if (!pasted.length || event.clipboardData.types.includes('text/plain')) return;
    event.preventDefault();
    add(composer(), pasted);
  });
}
