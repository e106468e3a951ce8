// The contact thermometer's value in tenths: three digits, the point sets itself.

import { make, say } from "./lang.js";

const DIGITS = 3;
const dialog = document.getElementById("pad");
const field = document.getElementById("pad-field");
const label = document.getElementById("pad-label");
const keys = document.getElementById("pad-keys");
let asked = null;

function digits() {
  return field.value.replace(/\D/g, "").slice(0, DIGITS);
}

function put(text) {
  field.value = text.length < DIGITS ? text : `${text.slice(0, -1)}.${text.slice(-1)}`;
  keys.querySelector("[data-key=done]").disabled = text.length < DIGITS;
}

async function done() {
  if (digits().length < DIGITS) return;
  const mine = asked;
  if ((await mine.took(field.value)) && asked === mine) close();
}

async function leave() {
  const mine = asked;
  if ((await mine.left()) && asked === mine) close();
}

function key(name, word, act, extra = "") {
  return make("button", { type: "button", class: extra, "data-key": name, onclick: act }, word);
}

/** Whether a value is asked for; with a kind: one of that kind. */
export function isOpen(kind = "") {
  return dialog.open && (!kind || asked?.kind === kind);
}

/** Nothing is asked for any more. */
export function close() {
  asked = null;
  dialog.close();
}

/** Say what was wrong with the value; returns whether one is asked for at all. */
export function wrong(word) {
  if (!dialog.open) return false;
  label.textContent = word;
  put("");
  field.focus();
  return true;
}

/** Ask. took, left: called with the value, or for none; each tells whether the pad may close. */
export function ask(kind, question, way, calls) {
  asked = { kind, ...calls };
  label.textContent = question;
  keys.replaceChildren(
    ...[..."1234567890"].map((one) => key(one, one, () => put(digits() + one))),
    key("erase", say("erase"), () => put(digits().slice(0, -1)), "tool"),
    key("leave", way, leave, "tool wide"),
    key("done", say("done"), done, "tool wide"),
  );
  put("");
  field.inputMode = "none"; // no keyboard of the system over ours; a real one works
  dialog.showModal();
  field.focus();
}

field.addEventListener("input", () => put(digits()));
dialog.addEventListener("cancel", (event) => {
  event.preventDefault(); // Escape is the key beside it
  leave();
});
dialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault(); // Enter on a keyboard is the same as the key
  done();
});
