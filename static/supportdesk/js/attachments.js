/** Files of the composer: chosen, dropped, pasted, or of a canned reply, which the desk
    has already; kept while other threads are open. */

import { $, $$, element, icon, text } from './dom.js';
import { toast } from './toast.js';

const MEGABYTE = 1_048_576;

const kept = new Map();
// By conversation: `{id, name}` of files of canned replies.
const linked = new Map();

const composer = () => $('#composer');
const input = (form = composer()) => form && $('input[type=file]', form);
const key = (form) => form.dataset.conversation;

export const files = (form) => [...(input(form)?.files ?? [])];
const links = (form) => linked.get(key(form)) ?? [];

/** What tells one choice of files from another. */
export const print = (form) => [
  ...files(form).map(({ name, size, lastModified }) => [name, size, lastModified]),
  ...links(form).map(({ id }) => id),
];

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

export function link(form, list) {
  if (!input(form)) return;
  const fresh = list.filter(({ id }) => !links(form).some((other) => other.id === id));
  setLinks(form, [...links(form), ...fresh]);
}

function setLinks(form, list) {
  if (list.length) linked.set(key(form), list);
  else linked.delete(key(form));
  draw(form);
}

export function clear(conversation) {
  kept.delete(conversation);
  linked.delete(conversation);
}

/** Put what was chosen before into a composer that came anew from the server. */
export const restore = (form) => input(form) && set(form, kept.get(key(form)) ?? []);

function draw(form) {
  const box = $('.composer__files', form);
  const own = files(form);
  const chips = [
    ...own.map(({ name }, at) => chip(form, name, () => set(form, own.toSpliced(at, 1)))),
    ...links(form).map((file) => linkChip(form, file)),
  ];
  box.hidden = chips.length === 0;
  box.replaceChildren(...chips);
}

function chip(form, name, remove) {
  const shown = element('span', 'token');
  const button = element('button');
  button.type = 'button';
  button.setAttribute('aria-label', text('remove', { name }));
  button.append(icon('x'));
  button.addEventListener('click', () => {
    const index = $$('.composer__files button', form).indexOf(button);
    remove();
    ($$('.composer__files button', form)[index] ?? $('.composer__text', form)).focus();
  });
  shown.append(icon('paperclip'), element('span', 'truncate', name), button);
  return shown;
}

function linkChip(form, { id, name }) {
  const remove = () => setLinks(form, links(form).filter((other) => other.id !== id));
  const shown = chip(form, name, remove);
  const sent = element('input');
  sent.type = 'hidden';
  sent.name = 'canned_files';
  sent.value = id;
  shown.append(sent);
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
