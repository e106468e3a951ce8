// The guard's screen: hears snapshots, draws them, takes touches and keys.

import { dialogKey, follow, openAction, openCodes, openHealth, openMessage, takeAsked, tell } from "./dialogs.js";
import { draw, drawClock, drawLeft, drawNoLink } from "./draw.js";
import { openDuty, openSecond } from "./duty.js";
import { listen } from "./link.js";
import { openMore, watchHold } from "./reports.js";
import { say, show, shown } from "./texts.js";
import { sound, unlock } from "./tones.js";

const TICK_MS = 250;
const at = (id) => document.getElementById(id);
let snapshot = null;
let linked = false;
let chosen = null; // the guard's own choice of language outlasts the snapshot's
let sounded = "";
let edition = null;
let deadlineAt = 0;

function redraw() {
  show(chosen ?? snapshot?.language ?? shown());
  if (linked && snapshot) draw(snapshot);
  else drawNoLink();
}

function soundOnce() {
  const { mode, verdict } = snapshot;
  const band = mode === "verdict" ? verdict.band : mode === "fault" ? "fault" : "";
  const key = mode === "verdict" ? `${verdict.key} ${band}` : band;
  if (key !== sounded) sound(band);
  sounded = key;
}

function take(next) {
  snapshot = next;
  deadlineAt = performance.now() + (next.measuring?.deadline_ms ?? 0);
  linked = true;
  redraw();
  follow(next);
  const action = next.needs_second && next.duty.log_in ? takeAsked(next.visit) : null;
  if (action) openSecond(action, next.duty);
  soundOnce();
}

function beat({ clock, age_ms, page }) {
  edition ??= page;
  if (edition !== page) location.reload(); // the gate was upgraded under this page
  if (!snapshot) return;
  drawClock(clock);
  if (snapshot.measuring) deadlineAt = performance.now() + snapshot.measuring.deadline_ms - age_ms;
}

function press(kind) {
  if (!linked || !snapshot) return;
  if (snapshot.enabled.includes(kind)) openAction(kind, snapshot.visit);
  else tell(say("not_offered"), true);
}

function why() {
  if (linked && snapshot?.mode === "verdict") openCodes(snapshot.verdict);
}

function health() {
  if (linked && snapshot) openHealth(snapshot);
}

function duty() {
  if (linked && snapshot?.duty.log_in) openDuty(snapshot.duty);
}

function message() {
  if (linked && snapshot?.message) openMessage(snapshot.message);
}

function more() {
  if (linked && snapshot) openMore(snapshot, press, switchLanguage);
}

function switchLanguage() {
  chosen = shown() === "zh" ? "en" : "zh";
  redraw();
}

const KEYS = {
  F1: why,
  F2: () => press("clinical"),
  F3: () => press("manual_pass"),
  F4: () => press("refuse"),
  F5: () => press("remeasure"),
  F6: more,
  F7: message,
  F8: health,
  F9: switchLanguage,
};

for (const button of document.querySelectorAll(".act[data-kind]")) {
  button.addEventListener("click", () => press(button.dataset.kind));
}
at("more").addEventListener("click", more);
at("banner").addEventListener("click", message);
at("why").addEventListener("click", why);
at("health").addEventListener("click", health);
at("guard").addEventListener("click", duty);
addEventListener("keydown", (event) => {
  unlock();
  if (dialogKey(event) || event.repeat || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
addEventListener("keyup", dialogKey);
addEventListener("pointerdown", unlock, { once: true });
addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("resize", redraw);
setInterval(() => {
  if (linked && snapshot?.mode === "measuring") drawLeft(deadlineAt - performance.now());
}, TICK_MS);

watchHold(at("more"), "F6");
redraw();
listen({
  onSnapshot: take,
  onBeat: beat,
  onLink: (up) => {
    linked = up;
    if (!up) follow(null);
    redraw();
  },
});
