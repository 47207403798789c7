/** What the agent wants to hear and see of; the server writes it on `.app`. */

import { app } from './dom.js';

function clock(timeZone) {
  const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  try {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone }).format();
  } catch {
    return new Intl.DateTimeFormat('en-GB', options).format();
  }
}

/** Whether it is the agent's quiet hours, by the account's clock; they may end next day. */
export function isQuiet() {
  const { quiet, timeZone } = app()?.dataset ?? {};
  if (!quiet) return false;
  const [from, until] = quiet.split('-');
  const now = clock(timeZone);
  return from <= until ? from <= now && now < until : now >= from || now < until;
}

/** `way` is `sound` or `browser`; no attribute is no event, an empty one is messages. */
export function wants(way, event) {
  const events = app()?.dataset[way];
  if (events === undefined) return false;
  return (events || 'message').split(/\s+/).includes(event) && !isQuiet();
}
