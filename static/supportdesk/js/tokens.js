/** A textarea with one address per line, shown as tokens. It stays what is sent. */

import { element, icon } from './dom.js';

const BETWEEN = /[\s,;]+/;

const parts = (text) => text.toLowerCase().split(BETWEEN).filter(Boolean);

export function tokens(area) {
  const box = element('div', 'input token-input');
  const input = element('input');
  input.type = 'text';
  input.inputMode = 'email';
  input.autocomplete = 'off';
  input.autocapitalize = 'off';
  input.spellcheck = false;
  input.placeholder = area.dataset.add;
  // The label and what is said below the field belong to what people type in.
  input.id = area.id;
  area.id = `${area.id}-list`;
  for (const name of ['aria-describedby', 'aria-invalid']) {
    const value = area.getAttribute(name);
    if (value) input.setAttribute(name, value);
  }
  if (area.getAttribute('aria-invalid') === 'true') box.setAttribute('aria-invalid', 'true');
  const probe = element('input');
  probe.type = 'email';

  let held = [];

  function isAddress(text) {
    probe.value = text;
    return probe.validity.valid && /\.[^.]+$/.test(text);
  }

  function draw() {
    for (const token of box.querySelectorAll('.token')) token.remove();
    for (const address of held) {
      const token = element('span', isAddress(address) ? 'token' : 'token token--bad');
      const remove = element('button');
      remove.type = 'button';
      remove.setAttribute('aria-label', area.dataset.remove.replace('{address}', () => address));
      remove.append(icon('x'));
      remove.addEventListener('click', () => drop(address));
      token.append(element('span', '', address), remove);
      input.before(token);
    }
    input.placeholder = held.length ? '' : area.dataset.add;
  }

  function store() {
    area.value = held.join('\n');
    draw();
    area.dispatchEvent(new Event('change', { bubbles: true }));
  }

  function add(text) {
    const found = parts(text);
    if (!found.length) return false;
    held = [...new Set([...held, ...found])];
    input.value = '';
    store();
    return true;
  }

  function drop(address) {
    held = held.filter((other) => other !== address);
    store();
    input.focus();
  }

  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && input.value.trim()) {
      // The next Enter, in the empty field, sends the form.
      event.preventDefault();
      add(input.value);
    } else if (event.key === 'Backspace' && !input.value && held.length) {
      event.preventDefault();
      drop(held.at(-1));
    }
  });
  input.addEventListener('input', () => {
    if (BETWEEN.test(input.value.trimStart())) add(input.value);
  });
  input.addEventListener('paste', (event) => {
    const pasted = event.clipboardData?.getData('text') ?? '';
    // A field of one line would join the lines of a list.
    if (parts(pasted).length < 2) return;
    event.preventDefault();
    add(`${input.value} ${pasted}`);
  });
  input.addEventListener('blur', () => add(input.value));
  box.addEventListener('click', ({ target }) => target === box && input.focus());
  area.form?.addEventListener('reset', () =>
    setTimeout(() => {
      held = parts(area.value);
      input.value = '';
      draw();
    }),
  );

  held = parts(area.value);
  area.hidden = true;
  box.append(input);
  area.after(box);
  draw();
  const hint = box.parentElement?.querySelector('[data-tokens-hint]');
  if (hint) hint.hidden = true;
}
