/** A short, quiet two-tone; browsers allow it only after the visitor did something. */
const TONES = [
  [660, 0],
  [880, 0.12],
];

let audio;

export function beep() {
  try {
    audio ||= new AudioContext();
    if (audio.state == "suspended") return void audio.resume();
    for (const [pitch, after] of TONES) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      const start = audio.currentTime + after;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.08, start);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.25);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + 0.25);
    }
  } catch {
    // No sound device, or forbidden: the badge says it too.
  }
}
