// The guard's screen: hears snapshots, draws them, takes touches and keys.

import { attended, close, dialog, dialogKey, follow, openCodes, openMessage, tell } from "./dialogs.js";
import { draw, drawClock, drawLeft, drawNoLink } from "./draw.js";
import { openApproval, openDuty, openMe, openSecond } from "./duty.js";
import { put } from "./glyphs.js";
import { openHelp } from "./help.js";
import { walkMain } from "./keys.js";
import { attend, listen } from "./link.js";
import { openAction, takeAsked } from "./orders.js";
import { at } from "./parts.js";
import { openCall, openMore, openRound, watchHold } from "./reports.js";
import { size } from "./sizes.js";
import { say, show, shown } from "./texts.js";
import { acknowledge, sound, unlock } from "./tones.js";
import { openVehicle } from "./vehicle.js";

const TICK_MS = 250;
const TIP_MS = 10_000;
const LOOK_MS = 1000;
const ATTEND_MS = 4000; // far below the time that the gate goes on waiting
const DIAGONAL_IN = 5; // until the first snapshot tells
const ABOUT_SOMEBODY = ["codes", "help", "vehicle", "people"]; // dialogs that name people
let snapshot = null;
let linked = false;
let chosen = null; // the guard's own choice of language outlasts the snapshot's
let sounded = "";
let edition = null;
let deadlineAt = 0;
let me = null; // who is logged in on this device; nobody at the gate itself
let tipAt = 0; // which of the tips
let wanted = 0; // the visit a second person was last asked for on this device

function watching() {
  return Boolean(me) && me.number !== snapshot?.duty.guard;
}

function approving() {
  return watching() && snapshot.needs_second && me.role === "supervisor";
}

function drawMe() {
  at("me").hidden = !me;
  if (me) put(at("me"), `${say(watching() ? "watching" : "logged_in")} ${me.name || me.number}`);
}

function tip() {
  if (snapshot.message) return null;
  return [null, ...snapshot.tips][tipAt % (snapshot.tips.length + 1)];
}

function redraw() {
  show(chosen ?? snapshot?.language ?? shown());
  size(snapshot?.panel.diagonal_in ?? DIAGONAL_IN);
  drawMe();
  if (linked && snapshot) draw(snapshot, tip());
  else drawNoLink();
}

// Who it was about has gone, or nothing is known any more.
function dropStale(next) {
  const same = next && next.mode === snapshot?.mode && next.verdict?.key === snapshot?.verdict?.key;
  if (!same && ABOUT_SOMEBODY.includes(dialog.className) && (!next || dialog.className === "codes")) close();
}

function soundOnce() {
  const { mode, verdict } = snapshot;
  const band = mode === "verdict" ? verdict.band : mode === "fault" ? "fault" : "";
  const key = mode === "verdict" ? `${verdict.key} ${band}` : band;
  if (key !== sounded) sound(band);
  sounded = key;
}

function take(next) {
  dropStale(next);
  snapshot = next;
  deadlineAt = performance.now() + (next.measuring?.deadline_ms ?? 0);
  linked = true;
  redraw();
  follow(next);
  const action = next.needs_second && next.duty.log_in ? takeAsked(next.visit) : null;
  if (action) openSecond(action, next.duty);
  else if (approving() && wanted !== next.visit) tell(say("second_wanted"));
  if (next.needs_second) wanted = next.visit;
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
  if (kind === "manual_pass" && approving()) return openApproval(snapshot, me);
  const { duty: on } = snapshot;
  if (on.log_in && !on.number) return openDuty(on, "nobody_on_duty");
  if (snapshot.enabled.includes(kind)) openAction(kind, snapshot.visit);
  else tell(say("not_offered"), true);
}

function why() {
  if (linked && snapshot?.mode === "verdict") openCodes(snapshot.verdict);
  else if (linked && snapshot?.mode === "fault") openHelp(snapshot);
}

function help(event) {
  const under = event?.detail ? document.elementFromPoint(event.clientX, event.clientY) : null;
  if (linked && snapshot) openHelp(snapshot, under?.closest(".cell")?.dataset.part);
}

function duty() {
  if (linked && snapshot) openDuty(snapshot.duty);
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
  F8: () => help(),
  F9: switchLanguage,
};

for (const button of document.querySelectorAll(".act[data-kind]")) {
  button.addEventListener("click", () => press(button.dataset.kind));
}
at("more").addEventListener("click", more);
at("call").addEventListener("click", () => linked && snapshot && openCall(snapshot));
at("message").addEventListener("click", message);
at("vehicle").addEventListener("click", () => linked && snapshot?.vehicle && openVehicle(snapshot));
at("round-due").addEventListener("click", () => linked && snapshot && openRound(snapshot));
at("why").addEventListener("click", why);
at("health").addEventListener("click", help);
at("guard").addEventListener("click", duty);
at("me").addEventListener("click", () => openMe(me));
addEventListener("keydown", (event) => {
  unlock();
  acknowledge();
  if (dialogKey(event) || walkMain(event) || event.repeat || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
addEventListener("keyup", dialogKey);
addEventListener("pointerdown", unlock, { once: true });
addEventListener("pointerdown", acknowledge);
addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("resize", redraw);
setInterval(() => {
  if (linked && snapshot?.mode === "measuring") drawLeft(deadlineAt - performance.now());
}, TICK_MS);
setInterval(() => {
  tipAt += 1;
  if (linked && snapshot?.mode === "idle" && snapshot.tips.length) redraw();
}, TIP_MS);

// The person waits while the guard types or picks for them.
let told = { visit: 0, at: 0 };
setInterval(() => {
  const visit = linked ? attended() : 0;
  const now = performance.now();
  if (!visit || (visit === told.visit && now - told.at < ATTEND_MS)) return;
  told = { visit, at: now };
  attend(visit);
}, LOOK_MS);

watchHold(at("more"), "F6");
redraw();
listen({
  onSnapshot: take,
  onBeat: beat,
  onMe: (told) => {
    me = told;
    drawMe();
  },
  onLink: (up) => {
    linked = up;
    if (!up) {
      dropStale(null);
      follow(null);
    }
    redraw();
  },
});
