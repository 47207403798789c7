/** Two short tones, drawn rather than loaded. */

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

export const canPlay = () => context?.state === 'running';

export function play() {
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

export function start() {
  for (const gesture of ['pointerdown', 'keydown']) {
    document.addEventListener(gesture, unlock, { capture: true, passive: true });
  }
}
