/** What happens elsewhere than before the agent's eyes: one sound, one notification. */

import { on } from './bus.js';
import { claim } from './claims.js';
import { isVisible, parse } from './dom.js';
import { canNotify, isSettled, notify } from './notify.js';
import { isMine, isUnassigned, rowOf } from './rows.js';
import * as sound from './sound.js';
import { viewed } from './thread.js';
import { wants } from './wishes.js';

// Rows are sent at most twice a second.
const ROW_FOLLOWS = 700;
// What is about to be told: `<conversation>:<seq>`.
const expected = new Set();

/** The event an agent may want to be told of, if the frame is one. */
function eventOf(frame) {
  if (frame.by === 'visitor' && frame.kind === 'message') return 'message';
  if (frame.event === 'offline' || frame.event === 'missed') return frame.event;
  if (frame.for_me) return frame.event === 'assigned' ? 'assigned' : 'mentioned';
  return null;
}

/** Read or answered: there is nothing to tell any more. */
function forget(id) {
  for (const name of expected) if (name.startsWith(`${id}:`)) expected.delete(name);
}

function onConversation(frame) {
  if (isSettled(frame)) forget(frame.id);
  const event = eventOf(frame);
  if (!event) return;
  const name = `${frame.id}:${frame.seq}`;
  if (frame.id === viewed() && isVisible()) {
    // Read here, so the other tabs have nothing to say.
    claim(`${name}:sound`, `${name}:shown`);
    return;
  }
  const pushed = frame.row && parse(frame.row).querySelector('.conv');
  // A colleague's conversation is the colleague's business, unless one follows it.
  const row = pushed || rowOf(frame.id);
  const concernsMe = frame.following || (row && (isMine(row) || isUnassigned(row)));
  if (event === 'message' && !concernsMe) return;
  // The tab where it is being read claims it first, the others at different times.
  expected.add(name);
  const told = () => tell(event, frame, name, pushed).finally(() => expected.delete(name));
  setTimeout(told, 120 + Math.random() * 200);
}

async function tell(event, frame, name, pushed) {
  if (!expected.has(name)) return;
  if (wants('sound', event) && sound.canPlay() && (await claim(`${name}:sound`))) sound.play();
  if (!wants('browser', event) || !(await canNotify())) return;
  if (!(await claim(`${name}:shown`))) return;
  // Its row follows, unless it came with the frame.
  if (!pushed) await new Promise((resolve) => setTimeout(resolve, ROW_FOLLOWS));
  if (expected.has(name)) notify(event, frame.id, rowOf(frame.id) ?? pushed);
}

export function start() {
  sound.start();
  on('frame:conversation', onConversation);
  on('read', ({ id }) => forget(id));
}
