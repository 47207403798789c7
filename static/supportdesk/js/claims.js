/** Of several tabs one speaks up: the first that claims a thing, before all that follow. */

import { read, write } from './stored.js';

const KEY = 'desk:claimed';
const KEPT = 50;

function take(names) {
  const taken = (read(KEY) ?? '').split(' ').filter(Boolean);
  const free = names.filter((name) => !taken.includes(name));
  if (free.length) write(KEY, [...taken, ...free].slice(-KEPT).join(' '));
  return free.length > 0;
}

/** Whether at least one of the names was free; all of them are taken from now on. */
export async function claim(...names) {
  // Without the lock (plain http only) two tabs may look at the same moment.
  if (!navigator.locks) return take(names);
  return navigator.locks.request(KEY, () => take(names));
}
