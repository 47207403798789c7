/** A short sound for a visitor's message that nobody is looking at. */

import { on } from './bus.js';
import { app, isVisible, parse } from './dom.js';
import { isMine, isUnassigned } from './rows.js';
import { viewed } from './thread.js';

const KEY = 'desk:sounded';
const TONES = [
  { frequency: 659.25, at: 0 },
  { frequency: 880, at: 0.13 },
];
const LENGTH = 0.32;
const VOLUME = 0.12;

let context = null;

// Browsers let a page sound only after its person has touched it.
function unlock() {
  context ??= new AudioContext();
  if (context.state === 'suspended') context.resume();
}

function play() {
  for (const { frequency, at } of TONES) {
    const begin = context.currentTime + at;
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.type = 'sine';
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(VOLUME, begin + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.0001, begin + LENGTH);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(begin);
    oscillator.stop(begin + LENGTH);
  }
  document.dispatchEvent(new CustomEvent('desk:sound'));
}

/** First tab to claim a message answers for it; later ones find it taken. */
function claim(message) {
  try {
    if (localStorage.getItem(KEY) === message) return false;
    localStorage.setItem(KEY, message);
  } catch {
    // Without storage each tab speaks for itself.
  }
  return true;
}

function onConversation(frame) {
  if (frame.by !== 'visitor' || frame.kind !== 'message') return;
  const message = `${frame.id}:${frame.seq}`;
  if (frame.id === viewed() && isVisible()) {
    claim(message);
    return;
  }
  if (app()?.dataset.sound === undefined || context?.state !== 'running') return;
  const row = frame.row
    ? parse(frame.row).querySelector('.conv')
    : document.getElementById(`conv-${frame.id}`);
  if (!row) return;
  if (!isMine(row) && !isUnassigned(row)) return;
  // The tab where it is being read speaks up first, the others at different times.
  setTimeout(() => claim(message) && play(), 120 + Math.random() * 200);
}

export function start() {
  for (const gesture of ['pointerdown', 'keydown']) {
    document.addEventListener(gesture, unlock, { capture: true, passive: true });
  }
  on('frame:conversation', onConversation);
}
