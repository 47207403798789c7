/** Who left the desk without a word is away, until somebody touches a tab again. */

import { $, app, me } from './dom.js';
import { post } from './request.js';
import { read, remove, write } from './stored.js';

const ACTIVE = 'desk:active';
// Holds the agent whom this browser set away; their own choice is not touched.
const AWAY = 'desk:idle';
const NOTED_EVERY = 15_000;
const LOOKED_EVERY = 30_000;
const ACTIVITY = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'focusin'];

let notedAt = 0;
let isTurning = false;

const limit = () => (Number(app().dataset.idle) || 30) * 60_000;
const isOnline = () => $('#presence-switch')?.checked ?? false;
const isChoosing = (target) => Boolean(target?.closest?.('form[action$="/presence/"]'));

async function turn(presence) {
  if (isTurning) return false;
  isTurning = true;
  try {
    await post($('#presence').getAttribute('action'), { presence });
    return true;
  } catch {
    return false;
  } finally {
    isTurning = false;
  }
}

async function onActivity({ target }) {
  const now = Date.now();
  const isAway = read(AWAY) === me();
  if (!isAway && now - notedAt < NOTED_EVERY) return;
  notedAt = now;
  write(ACTIVE, now);
  // The switch itself says what is wanted.
  if (!isAway || isChoosing(target)) return;
  if (await turn('online')) remove(AWAY);
}

async function check() {
  const idle = Date.now() - Number(read(ACTIVE));
  if (idle < limit() || !isOnline() || read(AWAY) === me()) return;
  // Before asking: of several tabs one does it.
  write(AWAY, me());
  if (!(await turn('away'))) remove(AWAY);
}

function onChoice({ target }) {
  if (isChoosing(target)) remove(AWAY);
}

export function start() {
  if (app().dataset.idle === undefined || !$('#presence')) return;
  // Whoever opens a page is there.
  onActivity({});
  for (const name of ACTIVITY) {
    document.addEventListener(name, onActivity, { capture: true, passive: true });
  }
  document.addEventListener('change', onChoice);
  document.addEventListener('submit', onChoice);
  setInterval(check, LOOKED_EVERY);
}
