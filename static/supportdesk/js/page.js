/** What pages need beside the conversations: copying, bars in view, failed requests. */

import { on } from './bus.js';
import { $, $$, text } from './dom.js';
import { toast } from './toast.js';

function setUp(root) {
  for (const current of $$('.subnav [aria-current], .pills [aria-current]', root)) {
    const bar = current.closest('.subnav, .pills');
    if (bar.scrollWidth > bar.clientWidth) {
      bar.scrollLeft = current.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
    }
  }
  for (const box of $$('[data-indeterminate]', root)) box.indeterminate = true;
  if (!CSS.supports('field-sizing', 'content')) $$('[data-autosize]', root).forEach(fit);
}

/** Grow with the text where CSS cannot (`field-sizing`). */
export function fit(field) {
  if (CSS.supports('field-sizing', 'content')) return;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}

async function copy(button) {
  const source = $(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    toast(text('copied'));
  } catch {
    source.select?.();
  }
}

export function start() {
  setUp(document);
  on('content', ({ root }) => setUp(root));
  document.addEventListener('htmx:load', (event) => setUp(event.detail.elt));
  document.addEventListener('input', ({ target }) => {
    if (target.matches('[data-autosize]')) fit(target);
  });
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-copy]');
    if (button) copy(button);
  });
  // Ctrl and click opens a tab, also where htmx would swap.
  document.addEventListener(
    'click',
    (event) => {
      const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
      if (elsewhere && event.target.closest('a[hx-get][href]')) event.stopImmediatePropagation();
    },
    { capture: true },
  );
  document.addEventListener('htmx:responseError', () => toast(text('error'), { error: true }));
  for (const name of ['htmx:sendError', 'htmx:timeout', 'htmx:historyCacheMissLoadError']) {
    document.addEventListener(name, () => toast(text('no-network'), { error: true }));
  }
}
