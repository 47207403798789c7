/** Small things that every module of the page needs. */

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export const app = () => $('.app');
export const me = () => app()?.dataset.agent ?? '';
export const inboxPath = () => $('a.brand')?.pathname ?? '/';
export const hasFullAccess = () => app()?.dataset.fullAccess === 'true';

/** A translated text: the server writes them as `data-text-<key>` on `.app`. */
export function text(key, values = {}) {
  const name = `text${key.replace(/(^|-)([a-z])/g, (_, dash, letter) => letter.toUpperCase())}`;
  return (app()?.dataset[name] ?? '').replace(/\{(\w+)\}/g, (all, value) => values[value] ?? all);
}

export function element(tag, className = '', content = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (content) made.textContent = content;
  return made;
}

/** An icon from the sprite the page uses already: its address carries a hash. */
export function icon(name, className = 'icon') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', className);
  svg.setAttribute('aria-hidden', 'true');
  const sprite = $('svg use[href*="#i-"]')?.getAttribute('href').split('#')[0];
  if (sprite === undefined) return svg;
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `${sprite}#i-${name}`);
  svg.append(use);
  return svg;
}

export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

/** Let htmx find its attributes in elements that did not come by way of htmx. */
export const process = (root) => window.htmx?.process(root);

export const isVisible = () => document.visibilityState === 'visible' && document.hasFocus();

export const isTyping = (target) =>
  Boolean(
    target?.closest?.(
      'input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable]',
    ),
  );

export function debounce(run, delay) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(run, delay, ...args);
  };
}

/** `crypto.randomUUID` exists on https only; a desk in a LAN may have none. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
