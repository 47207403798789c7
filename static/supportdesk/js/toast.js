import { $, element, icon } from './dom.js';

const SHOWN = 4500;

/** Say it at the edge of the page; for what is not visible in place. */
export function toast(message, { error = false } = {}) {
  const box = $('#toasts');
  if (!box || !message) return;
  const same = [...box.children].find((shown) => shown.textContent === message);
  same?.remove();
  const shown = element('div', error ? 'toast toast--error' : 'toast');
  if (error) shown.append(icon('circle-alert'));
  shown.append(element('span', '', message));
  box.append(shown);
  setTimeout(() => shown.remove(), SHOWN);
}
