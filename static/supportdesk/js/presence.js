/** Who of the team is there. */

import { on } from './bus.js';
import { $, $$, me, text } from './dom.js';

function onPresence({ states }) {
  for (const place of $$('[data-agent-presence]')) {
    const state = states[place.dataset.agentPresence];
    if (!state) continue;
    const dot = place.matches('.avatar__dot') ? place : $('.avatar__dot', place);
    dot?.classList.toggle('is-away', state === 'away');
    dot?.classList.toggle('is-offline', state === 'offline');
    const spoken = $('[data-presence-text]', place);
    if (spoken) spoken.textContent = ` (${text(`presence-${state}`)})`;
  }
  const own = states[me()];
  if (!own) return;
  for (const input of $$('#presence-switch')) input.checked = own === 'online';
  for (const label of $$('[data-presence-label]')) label.textContent = text(`presence-${own}`);
  for (const dot of $$('.me .avatar__dot')) {
    dot.classList.toggle('is-away', own === 'away');
    dot.classList.toggle('is-offline', own === 'offline');
  }
}

// When a socket opens, its agent is announced to all, so that no page needs to ask.
export const start = () => on('frame:presence', onPresence);
