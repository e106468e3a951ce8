// What opens over the screen: reason pickers, the keypad, health, reason codes.
// A dialog belongs to the visit it was opened for and closes when that visit is over.

import { make, mark, passage } from "./draw.js";
import { order } from "./link.js";
import { first, say, second, TEXTS } from "./texts.js";

export const REASONS = {
  manual_pass: ["medical", "rescue", "caring", "clinical_normal", "equipment_fault", "station", "known", "escort", "other"],
  refuse: ["unknown_person", "behaviour", "document", "other"],
};
const HOLD_MS = 1000;
const MANY = 5; // more keys than fit in two columns
const TOAST_MS = 4000;
const LOWEST = 340;
const HIGHEST = 429; // tenths of a degree
export const dialog = document.getElementById("dialog");
const toast = document.getElementById("toast");
let asked = null; // the newest order that was taken
let opened = null; // {kind, visit, typed, keys: Map(key -> {press, release})}
let toasting = 0;

/** A sentence at the bottom of the screen for a few seconds. */
export function tell(text, bad = false) {
  clearTimeout(toasting);
  toast.textContent = text;
  toast.className = bad ? "bad" : "good";
  toasting = setTimeout(() => (toast.className = ""), TOAST_MS);
}

/** Whatever is open is closed; nothing is sent. */
export function close() {
  for (const { release } of opened?.keys.values() ?? []) release();
  opened = null;
  if (dialog.open) dialog.close();
}

async function send(action) {
  close();
  const { error } = await order(action);
  if (error) return tell(error in TEXTS ? say(error) : error, true);
  asked = action;
  tell(`${say(action.kind)} · ${say("sent")}`);
}

/** The newest order of this page about this visit, handed out once, or null. */
export function takeAsked(visit) {
  const action = asked?.visit === visit ? asked : null;
  if (action) asked = null;
  return action;
}

/** A button of the open dialog that acts at a tap or at its key. */
export function tappable(button, key, act) {
  button.addEventListener("click", act);
  opened.keys.set(key, { press: act, release: () => {} });
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
    if (timer) return;
    button.classList.add("holding");
    timer = setTimeout(() => {
      release();
      act();
    }, HOLD_MS);
  };
  button.addEventListener("pointerdown", press);
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) button.addEventListener(end, release);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  opened.keys.set(key, { press, release });
  return button;
}

/** An empty dialog with this title is open; with a visit it closes when that is over. */
export function begin(kind, title, visit = null) {
  close();
  opened = { kind, visit, typed: "", keys: new Map() };
  dialog.replaceChildren(make("h2", "", title));
  dialog.className = kind;
  opened.keys.set("Escape", { press: close, release: () => {} });
  if (!dialog.open) dialog.showModal();
  return opened;
}

/** A large button with a text and the name of its key. */
export function button(className, text, key = "") {
  const element = make("button", className);
  element.type = "button";
  element.tabIndex = -1;
  element.append(make("span", "", text));
  if (key) element.append(make("kbd", "", key));
  return element;
}

/** The key of a pad that takes the last digit back. */
export function erasing() {
  const erase = button("erase", "");
  erase.replaceChildren(mark("back"));
  erase.setAttribute("aria-label", "backspace");
  return erase;
}

function pick(kind, visit) {
  begin(kind, say(`pick_${kind}`), visit);
  const grid = make("div", REASONS[kind].length > MANY ? "reasons many" : "reasons");
  REASONS[kind].forEach((reason, place) => {
    const key = String(place + 1);
    const element = button("hold", first(TEXTS[reason]), key);
    element.dataset.reason = reason;
    element.firstElementChild.append(make("small", "", second(TEXTS[reason])));
    grid.append(holdable(element, key, () => send({ kind, visit, reason })));
  });
  grid.append(tappable(button("cancel", say("cancel"), "Esc"), "Escape", close));
  dialog.append(grid);
}

function typedText(typed) {
  const digits = typed.padEnd(3, "_");
  return `${digits.slice(0, 2)}.${digits[2]}`;
}

// Two digits, then the tenth: no point to look for. A digit that leaves the range is not taken.
function possible(typed) {
  const low = Number(typed.padEnd(3, "0"));
  const high = Number(typed.padEnd(3, "9"));
  return typed.length <= 3 && high >= LOWEST && low <= HIGHEST;
}

function keypad(visit) {
  const state = begin("clinical", say("pick_clinical"), visit);
  const value = make("output", "", typedText(""));
  const range = make("p", "range", say("range"));
  const confirm = button("confirm", say("confirm"), "Enter");
  const update = (typed) => {
    const taken = possible(typed);
    if (taken) state.typed = typed;
    range.className = taken ? "range" : "range bad";
    range.textContent = say(taken ? "range" : "out_of_range");
    value.textContent = typedText(state.typed);
    confirm.disabled = state.typed.length !== 3;
  };
  const accept = () => {
    if (state.typed.length === 3) send({ kind: "clinical", visit, value_mc: Number(state.typed) * 100 });
  };
  const back = () => update(state.typed.slice(0, -1));
  const keys = make("div", "keys");
  for (const digit of "7894561230") {
    keys.append(tappable(button("digit", digit), digit, () => update(state.typed + digit)));
  }
  keys.append(tappable(erasing(), "Backspace", back));
  const side = make("div", "side");
  side.append(value, range, tappable(confirm, "Enter", accept), tappable(button("cancel", say("cancel"), "Esc"), "Escape", close));
  dialog.append(side, keys);
  update("");
}

/** The dialog for a guard's order about visit `visit` is open. */
export function openAction(kind, visit) {
  if (kind === "remeasure") send({ kind, visit });
  else if (kind === "clinical") keypad(visit);
  else pick(kind, visit);
}

/** Every part's health with its remedy, the backlog and the last passages are shown. */
export function openHealth(snapshot) {
  begin("health", say("health"));
  const list = make("ul", "list");
  for (const part of snapshot.health) {
    const item = make("li", part.state);
    const remedy = part.state === "ok" ? "" : first(part.remedy);
    item.append(mark(part.state), make("b", "", first(part.label)), make("span", "", first(part.word)), make("small", "", remedy));
    list.append(item);
  }
  const queue = make("li", "off");
  queue.append(mark("off"), make("b", "", say("backlog")), make("span", "", String(snapshot.link.backlog)));
  list.append(queue, ...snapshot.last.map(passage));
  dialog.append(list, tappable(button("cancel", say("close"), "Esc"), "Escape", close));
}

/** All reason codes of the verdict are shown. */
export function openCodes(verdict) {
  begin("codes", say("codes"));
  const list = make("ul", "list");
  if (verdict.person?.last) list.append(make("li", "", first(verdict.person.last)));
  for (const code of verdict.codes.length ? verdict.codes : [verdict.code]) list.append(make("li", "", code));
  dialog.append(list, tappable(button("cancel", say("close"), "Esc"), "Escape", close));
}

/** A dialog about a visit that is over, or an order no longer offered, is closed and said so. */
export function follow(snapshot) {
  if (!opened || opened.visit === null) return;
  const isOrder = opened.kind in REASONS || opened.kind === "clinical";
  const offered = !isOrder || snapshot?.enabled.includes(opened.kind);
  if (offered && opened.visit === snapshot?.visit) return;
  close();
  tell(say("visit_over"), true);
}

/** The centre's words are shown whole, in both languages. */
export function openMessage(message) {
  begin("message", say("message"));
  const texts = make("div", "words");
  texts.append(make("p", "", first(message)), make("p", "", second(message)));
  dialog.append(texts, tappable(button("cancel", say("close"), "Esc"), "Escape", close));
}

/** Whether a dialog took this key event. A key that only composes a character is nobody's. */
export function dialogKey(event) {
  if (!opened || event.isComposing) return Boolean(opened);
  const key = opened.keys.get(event.key);
  if (!key) return true;
  event.preventDefault();
  if (event.type === "keyup") key.release();
  else if (!event.repeat) key.press();
  return true;
}

// A key whose release went to another window must not go on holding.
addEventListener("blur", () => {
  for (const { release } of opened?.keys.values() ?? []) release();
});
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  close();
});
