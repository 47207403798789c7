/** Says quietly that the desk is not live at the moment. */

import { on } from './bus.js';
import { $, element, icon, text } from './dom.js';

// Shorter interruptions are nobody's business.
const PATIENCE = 2_000;

let timer;

function show() {
  if ($('#connection')) return;
  const shown = element('div', 'toast');
  shown.id = 'connection';
  shown.append(icon('wifi-off'), element('span', '', text('reconnecting')));
  $('#toasts')?.prepend(shown);
}

export function start() {
  // `.toasts` is a live region: what appears in it is read out.
  on('socket:down', () => {
    document.documentElement.removeAttribute('data-live');
    // Each failed try says so anew; the patience counts from the first.
    timer ??= setTimeout(show, PATIENCE);
  });
  on('socket:open', () => {
    document.documentElement.setAttribute('data-live', '');
    clearTimeout(timer);
    timer = undefined;
    $('#connection')?.remove();
  });
}
