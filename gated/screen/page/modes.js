// The gate works differently for a time: held open, locked down, evacuated, out of service; or a
// lane for both directions is turned round. What opens or closes the gate is held for a second.

import { sheet, worded } from "./dialogs.js";
import { held, send, told } from "./forms.js";
import { approve } from "./duty.js";
import { report } from "./link.js";
import { WORDS } from "./lists.js";
import { first, say, second, TEXTS } from "./texts.js";

const HOURS = [1, 4, 12, 24];

// The sentence of a refusal stands under the PIN pad; what was taken is said like every report.
function withSecond(what, duty) {
  return approve(duty, null, async (other) => {
    const answer = await report({ ...what, second: other });
    if (!answer.error) queueMicrotask(() => told(what, answer));
    return answer;
  });
}

// A lockdown begins, ends and gives way by two persons: the rule of the gate itself.
function change(what, { duty, special }) {
  const two = what.mode === "lockdown" || special?.mode === "lockdown";
  return two ? withSecond(what, duty) : send(what);
}

function hours(title, what, snapshot, back) {
  const items = HOURS.map((count) => ({
    text: say("hours", count),
    hold: true,
    data: { hours: count },
    act: () => change({ ...what, hours: count }, snapshot),
  }));
  sheet("pick", title, { items, back, leave: "back", note: say("hold_hours") });
}

function reasons(mode, snapshot) {
  const title = say(mode);
  const back = () => openModes(snapshot);
  const act = (reason) => {
    const what = { kind: "mode", mode, reason };
    if (mode === "open") return change(what, snapshot);
    return hours(title, what, snapshot, () => reasons(mode, snapshot));
  };
  // In a fire people must get out: it is no reason to lock them in.
  const words = WORDS.mode_reason.filter((word) => mode !== "lockdown" || word !== "fire");
  const items = words.map((word) => {
    const text = TEXTS[`why_${word}`] ?? TEXTS[word];
    return { word, text: first(text), small: second(text), hold: mode === "open", act: () => act(word) };
  });
  sheet("pick", title, { items, back, leave: "back", note: say(mode === "open" ? "hold_reason" : "which_reason") });
}

// There is one other way only: why is asked, and held.
function direction(snapshot) {
  const way = snapshot.gate.direction === "in" ? "out" : "in";
  const act = (reason) => send({ kind: "direction", direction: way, reason });
  held(`${say("turn_lane")} · ${say(way)}`, WORDS.turn, act, { back: () => openModes(snapshot), leave: "back" });
}

function ending(snapshot) {
  const act = (reason) => change({ kind: "mode", mode: "normal", reason }, snapshot);
  held(`${say("normal")} · ${first(snapshot.special.word)}`, WORDS.mode_end, act, { back: () => openModes(snapshot), leave: "back" });
}

/** The special modes are offered, and the end of the one that stands. */
export function openModes(snapshot) {
  const { special, gate, duty } = snapshot;
  const items = [];
  if (special) {
    const word = `${first(special.word)} ${special.since}`;
    items.push({ word: "normal", text: say("normal"), small: word, className: "word-key ending", act: () => ending(snapshot) });
  }
  const named = (mode, more) => worded(mode, () => reasons(mode, snapshot), more);
  const evacuate = () => send({ kind: "mode", mode: "evacuate", reason: "fire" });
  items.push(
    named("open"),
    named("out_of_service"),
    named("reader_locked"),
    named("lockdown", duty.log_in ? {} : { disabled: true, small: say("needs_guards") }),
    named("evacuate", { act: evacuate, hold: true, className: "word-key evacuate" }),
  );
  const standing = items.filter(({ word }) => word !== special?.mode);
  if (gate.switches) standing.push(worded("turn_lane", () => direction(snapshot), { word: "direction" }));
  sheet("modes", say("modes"), { items: standing, note: say("modes_note"), leave: "close" });
}
