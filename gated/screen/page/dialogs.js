// What opens over the screen: one dialog at a time, made of large keys that finger, digit and the
// three hardware keys reach alike. A dialog about a visit closes when that visit is over.

import { fitHeight } from "./fitting.js";
import { put } from "./glyphs.js";
import { fill } from "./grid.js";
import { freshTaps, highlight, next, walked } from "./keys.js";
import { lettered, make, mark } from "./parts.js";
import { CODES, first, say, second, TEXTS } from "./texts.js";

const HOLD_MS = 1000;
const TOAST_MS = 4000;
const FORGOTTEN_MS = 180_000; // what was typed about somebody does not stay for the next guard
const CHECK_MS = 1000;
const BUSY_WITH = ["more", "pick", "form", "pad", "text", "pin", "people", "manual_pass", "refuse", "clinical"];
const PERSONAL = ["form", "pad", "text", "people", "vehicle"];
const ORDERS = ["manual_pass", "refuse", "clinical"];
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
export const dialog = document.getElementById("dialog");
const toast = document.getElementById("toast");
let newest = 0; // the visit on the screen
let shownNow = null; // the newest snapshot
let duty = 0; // the spell of duty on it
let opened = null; // {kind, visit, back, follow, type, keys: Map(key -> act), acts: Map(element -> act)}
let held = null; // the key that is down, and what it holds
let toasting = 0;

/** A sentence over the line at the top for a few seconds. */
export function tell(text, bad = false) {
  clearTimeout(toasting);
  toast.textContent = text;
  toast.className = bad ? "bad" : "good";
  fitHeight(toast, document.querySelector("header"));
  toasting = setTimeout(() => (toast.className = ""), TOAST_MS);
}

/** The sentence for a refusal of the gate. */
export function refusal({ error, field, wait_s: waits }) {
  if (error === "pin_locked") return say("pin_locked", Math.ceil((waits ?? 0) / 60));
  if (field && field in TEXTS) return say("check_field", say(field));
  return error in TEXTS ? say(error) : error;
}

function letGo() {
  held?.act.release();
  held = null;
  for (const act of opened?.acts.values() ?? []) act.release();
}

/** Whatever is open is closed; nothing is sent, and nothing of it stays on the page. */
export function close() {
  letGo();
  opened = null;
  freshTaps();
  dialog.replaceChildren();
  dialog.removeAttribute("aria-label");
  if (dialog.open) dialog.close();
}

/** A button of the open dialog that acts at a tap or at its key. */
export function tappable(button, key, act) {
  const at = { press: () => button.disabled || act(), release: () => {} };
  button.addEventListener("click", act);
  opened.acts.set(button, at);
  if (key) opened.keys.set(key, at);
  return button;
}

/** A risky button acts only after it was held for a second, by finger or by key. */
export function holdable(button, key, act) {
  let timer = 0;
  const release = () => {
    clearTimeout(timer);
    timer = 0;
    button.classList.remove("holding");
  };
  const press = () => {
    if (timer || button.disabled) return;
    button.classList.add("holding");
    timer = setTimeout(() => {
      release();
      act();
    }, HOLD_MS);
  };
  button.classList.add("hold");
  button.addEventListener("pointerdown", press);
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) button.addEventListener(end, release);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  opened.acts.set(button, { press, release });
  if (key) opened.keys.set(key, { press, release });
  return button;
}

/** An empty dialog with this title is open; with a visit it closes when that is over. */
export function begin(kind, title, visit = null, back = close) {
  letGo();
  freshTaps();
  const seen = opened?.seen ?? newest;
  opened = { kind, visit, back, seen, duty, touched: performance.now(), follow: null, type: null, keys: new Map(), acts: new Map() };
  opened.head = make("div", "head");
  opened.now = make("span", "now");
  opened.now.hidden = true;
  opened.head.append(opened.now, make("h2", "", title));
  dialog.replaceChildren(opened.head);
  dialog.className = kind;
  dialog.setAttribute("aria-label", title);
  opened.keys.set("Escape", { press: back, release: () => {} });
  if (!dialog.open) dialog.showModal();
  return opened;
}

/** A large button with a text, a smaller one and the name of its key. */
export function button(className, text, key = "", small = "") {
  const element = make("button", className);
  element.type = "button";
  element.tabIndex = -1;
  const said = lettered(make("span"), text);
  if (small) said.append(make("small", "", small));
  element.append(said);
  if (key) element.append(make("kbd", "", key));
  return element;
}

/** The key that leaves this dialog for the one before, or for the screen. */
export function leaving(word = "cancel") {
  const { back } = opened;
  return tappable(button("cancel", say(word), "Esc"), "Escape", () => back());
}

/** The key of a pad that takes the last character back. */
export function erasing(act) {
  const erase = button("erase", "");
  erase.replaceChildren(mark("back"));
  erase.setAttribute("aria-label", say("erase"));
  return tappable(erase, "Backspace", act);
}

/** The item of a sheet for one of the page's words: first language large, second beneath it. */
export function worded(word, act, more = {}) {
  return { word, text: first(TEXTS[word]), small: second(TEXTS[word]), act, ...more };
}

function element(item) {
  const made = button(`${item.className ?? "word-key"}${item.bad ? " bad" : ""}`, item.text, "", item.small);
  for (const [name, value] of Object.entries(item.data ?? {})) made.dataset[name] = value;
  if (item.word) made.dataset.word = item.word;
  if (item.group) made.dataset.group = item.group;
  made.disabled = Boolean(item.disabled);
  return (item.hold ? holdable : tappable)(made, item.key ?? "", item.act);
}

/**
 * A dialog of large keys on as many pages as they need, with a row of keys beneath them.
 *
 * items: {text, small, act, word, key, hold, disabled, data, className}; those without a key get
 * one of their own on each page. spots: least width of a key in heights; columns: a fixed number.
 * row: makes the keys of the row, the leaving one excepted. Returns what follows the open dialog.
 */
export function sheet(kind, title, { visit = null, back = close, note = "", lines = [], items, spots = 1.75, columns = 0, row = () => [], leave = "cancel" }) {
  const state = begin(kind, title, visit, back);
  state.said = make("p", "range", note);
  state.said.setAttribute("role", "status");
  const grid = make("div", "grid");
  const foot = make("div", "row");
  const turn = button("turn", "");
  const keys = items.map(element);
  grid.append(...keys);
  foot.append(leaving(leave), ...row(state));
  foot.insertBefore(tappable(turn, "PageDown", () => state.turn()), foot.children[1] ?? null);
  dialog.append(state.said, ...lines, grid, foot);
  fill({ state, grid, foot, turn, keys, spots, columns, own: items.map((item) => Boolean(item.key)) });
  return state;
}

/** What a sheet says under its title, as a warning if it is bad. */
export function note(state, text, bad = false) {
  state.said.className = bad ? "range bad" : "range";
  put(state.said, text);
}

/** Whether this dialog is still the one that is open. */
export function current(state) {
  return opened === state;
}

/** The newest snapshot, or null while nothing is heard. */
export function latest() {
  return shownNow;
}

/** The visit that the guard is busy with in an open dialog, 0 for none. */
export function attended() {
  const about = opened && BUSY_WITH.includes(opened.kind) ? opened.visit || opened.seen : 0;
  return about && about === newest && shownNow?.mode === "verdict" ? about : 0;
}

/** A part of a dialog that may be longer than the panel: keyboards reach it as well. */
export function scrolled(element, name) {
  element.tabIndex = 0;
  element.setAttribute("role", element.matches("ul") ? "list" : "region");
  element.setAttribute("aria-label", name);
  return element;
}

/** All reason codes of the verdict are shown. */
export function openCodes(verdict) {
  begin("codes", say("codes"));
  const list = scrolled(make("ul", "list"), say("codes"));
  if (verdict.person?.last) list.append(make("li", "", first(verdict.person.last)));
  for (const { code, word } of verdict.status) {
    const item = make("li", "status");
    item.append(make("b", "", code), make("span", "", `${first(word)} · ${say("status_seen")}`));
    list.append(item);
  }
  for (const code of verdict.codes.length ? verdict.codes : [verdict.code].filter(Boolean)) {
    const item = make("li", "");
    item.append(make("b", "", code), make("span", "", first(CODES[code])));
    list.append(item);
  }
  dialog.append(list, leaving("close"));
}

/** The centre's words are shown whole, in both languages. */
export function openMessage(message) {
  begin("message", say("message"));
  const texts = scrolled(make("div", "words"), say("message"));
  texts.append(make("p", "", first(message)), make("p", "", second(message)));
  dialog.append(texts, leaving("close"));
}

/** A dialog about a visit that is over, or an order no longer offered, is closed and said so. */
export function follow(snapshot) {
  shownNow = snapshot;
  newest = snapshot?.visit ?? 0;
  duty = snapshot?.duty.number ?? duty;
  if (!opened) return;
  if (PERSONAL.includes(opened.kind) && opened.duty !== duty) {
    close();
    return tell(say("duty_changed"), true);
  }
  const offered = !ORDERS.includes(opened.kind) || snapshot?.enabled.includes(opened.kind);
  if (opened.visit !== null && (!offered || opened.visit !== snapshot?.visit)) {
    close();
    tell(say("visit_over"), true);
  } else {
    drawNow(snapshot);
    opened.follow?.(snapshot);
  }
}

function touched() {
  if (opened) opened.touched = performance.now();
}
addEventListener("pointerdown", touched);
addEventListener("keydown", touched);
setInterval(() => {
  if (!opened || performance.now() - opened.touched < FORGOTTEN_MS) return;
  close();
  tell(say("closed_untouched"), true);
}, CHECK_MS);

// Somebody else is decided while the guard types: the word in its colour stands over the dialog.
function drawNow(snapshot) {
  const { now, seen } = opened;
  const other = snapshot?.mode === "verdict" && snapshot.visit !== seen;
  now.hidden = !other;
  now.textContent = other ? first(snapshot.verdict.word) : "";
}

function isText(target) {
  return target instanceof HTMLInputElement;
}

function step(event) {
  const typing = isText(event.target);
  const way = event.key === "Tab" ? (event.shiftKey ? -1 : 1) : STEPS[event.key];
  if (!way || (typing && ["ArrowLeft", "ArrowRight"].includes(event.key))) return false;
  const list = dialog.querySelector(".list, .words");
  const more = list && !list.querySelector("button") && list.scrollTop + list.clientHeight < list.scrollHeight - 1;
  if (more && way > 0) list.scrollBy(0, list.clientHeight / 2);
  else highlight(next(dialog, way));
  return true;
}

function wanted(event) {
  const here = walked(dialog);
  if (event.key === "Enter" && opened.acts.has(here)) return opened.acts.get(here);
  const typing = isText(event.target) && !["Enter", "Escape", "PageDown"].includes(event.key);
  return typing ? null : opened.keys.get(event.key);
}

/** Whether a dialog took this key event. A key that only composes a character is nobody's. */
export function dialogKey(event) {
  if (!opened || event.isComposing) return Boolean(opened);
  if (event.type === "keyup") {
    if (held?.key === event.key) held = held.act.release() ?? null;
    return true;
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return true;
  if (step(event)) return event.preventDefault() ?? true;
  const act = wanted(event);
  if (act) {
    event.preventDefault();
    if (event.repeat) return true;
    held = { key: event.key, act };
    act.press();
  } else if (event.key.length === 1 && !isText(event.target) && opened.type) {
    event.preventDefault();
    opened.type(event.key);
  }
  return true;
}

// A key whose release went to another window must not go on holding.
addEventListener("blur", letGo);
addEventListener("resize", () => opened?.layout?.());
dialog.addEventListener("cancel", (event) => event.preventDefault());
dialog.addEventListener("close", () => opened && !dialog.open && close());
