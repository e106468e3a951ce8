// One sound per verdict, so that eyes may stay on the person. Silent where sound is not allowed.

const HIGH = 1320;
const MEDIUM = 880;
const LOW = 294;
const TONES = {
  allow: [[HIGH, 0.14]],
  note: [[HIGH, 0.14], [MEDIUM, 0.3]],
  check: [[MEDIUM, 0.22], [MEDIUM, 0.22]],
  stop: [[LOW, 0.28], [LOW, 0.28], [LOW, 0.28]],
  fault: [[MEDIUM, 0.2], [HIGH, 0.2]],
};
const GAP_S = 0.08;
const AGAIN_MS = 60_000; // a fault is heard again each minute until it is gone
let context = null;
let repeat = 0;

function play(notes) {
  context ??= new AudioContext();
  if (context.state === "suspended") return; // no gesture yet, and no kiosk switch
  let at = context.currentTime + 0.02;
  for (const [frequency, length] of notes) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.4, at + 0.01);
    volume.gain.setValueAtTime(0.4, at + length - 0.02);
    volume.gain.linearRampToValueAtTime(0, at + length);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + length);
    at += length + GAP_S;
  }
}

/** The sound of `band` is heard once; "fault" again each minute until the next call. */
export function sound(band) {
  clearInterval(repeat);
  const notes = TONES[band];
  if (!notes || typeof AudioContext === "undefined") return;
  play(notes);
  if (band === "fault") repeat = setInterval(() => play(notes), AGAIN_MS);
}

/** The sound of `band` is heard once, whatever is on the screen. */
export function once(band) {
  if (typeof AudioContext !== "undefined") play(TONES[band]);
}

/** Somebody has seen the fault: it is not heard again. */
export function acknowledge() {
  clearInterval(repeat);
}

/** After the first touch or key the browser lets us be heard. */
export function unlock() {
  if (typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  context.resume();
}
