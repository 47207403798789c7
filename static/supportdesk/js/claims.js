/** Of several tabs one speaks up: the first that claims a thing, before all that follow. */

import { read, write } from './stored.js';

const KEY = 'desk:claimed';
const KEPT = 50;
// By then every tab knows what was stored: they learn of it one after another.
const TOLD = 5_000;

function take(name) {
  const taken = (read(KEY) ?? '').split(' ').filter(Boolean);
  if (taken.includes(name)) return false;
  write(KEY, [...taken, name].slice(-KEPT).join(' '));
  return true;
}

/** Whose lock it is, all tabs know at once; who comes later sees what is stored. */
function takeFirst(name) {
  return new Promise((resolve) => {
    navigator.locks
      .request(`${KEY}:${name}`, { ifAvailable: true }, async (lock) => {
        const isFirst = lock !== null && (await navigator.locks.request(KEY, () => take(name)));
        resolve(isFirst);
        return isFirst ? new Promise((release) => setTimeout(release, TOLD)) : undefined;
      })
      .catch(() => resolve(take(name)));
  });
}

/** Whether at least one of the names was free; all of them are taken from now on. */
export async function claim(...names) {
  // Without locks (plain http only) two tabs may look at the same moment.
  const taken = await Promise.all(names.map(navigator.locks ? takeFirst : take));
  return taken.includes(true);
}
