/** Live visitors: the rows are asked for anew while somebody looks at them. */

import { $, parse, process } from './dom.js';
import { get } from './request.js';

const PAUSE = 10_000;

const rows = () => $('#live-visitors');
const dialog = () => $('#start-dialog');

let busy = false;
let shown = '';

async function refresh() {
  // A click that has begun must end on the button where it began.
  if (busy || document.visibilityState !== 'visible' || rows()?.matches(':active')) return;
  busy = true;
  try {
    const asked = location.search;
    const response = await get(location.pathname + asked, 'live-visitors');
    const html = await response.text();
    // Meanwhile the search may be another one.
    if (location.search === asked && html !== shown) replace(html);
  } catch {
    // Asked again in a moment anyway.
  } finally {
    busy = false;
  }
}

function replace(html) {
  const now = rows();
  const fresh = parse(html).querySelector('#live-visitors');
  if (!now || !fresh) return;
  shown = html;
  const focused = now.contains(document.activeElement) ? document.activeElement.id : '';
  now.replaceWith(fresh);
  process(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** What was written for this visitor is still in the dialog that was closed. */
function keepsText(link) {
  const form = $('form', dialog());
  return form?.getAttribute('action') === link.getAttribute('href') && $('textarea', form).value.trim();
}

setInterval(refresh, PAUSE);
document.addEventListener('visibilitychange', refresh);
document.addEventListener('htmx:beforeRequest', (event) => {
  const { elt } = event.detail;
  if (!elt.matches('[data-start]') || !keepsText(elt)) return;
  event.preventDefault();
  dialog().showModal();
});
document.addEventListener('htmx:afterSwap', ({ detail }) => {
  if (detail.target.id === 'live-visitors') shown = '';
  if (detail.target === dialog() && !dialog().open) dialog().showModal();
});
document.addEventListener('click', (event) => {
  const open = event.target.closest('[data-dialog-close]')?.closest('dialog');
  if (!open) return;
  event.preventDefault();
  open.close();
});
