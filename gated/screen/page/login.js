// Log-in on a network: staff number and PIN, by finger, mouse or keyboard. The PIN lives in one
// variable until it is sent, and nowhere else; nothing is remembered.

import { say, show, shown, TEXTS } from "./texts.js";

const PIN_MIN = 4;
const PIN_MAX = 8;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "1234567890";
const at = (id) => document.getElementById(id);
let pin = "";
let typing = "number"; // which of the two fields the pad fills
let letters = false;
let sending = false;
let told = null; // {error, wait_s} of the last try

function refusal({ error, wait_s: waits }) {
  if (error === "pin_locked") return say("pin_locked", Math.ceil((waits ?? 0) / 60));
  return error in TEXTS ? say(error) : error;
}

function draw() {
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  at("pin").textContent = "●".repeat(pin.length) + "○".repeat(Math.max(0, PIN_MIN - pin.length));
  at("pin").setAttribute("aria-label", `${say("type_pin")}: ${pin.length}`);
  for (const name of ["number", "pin"]) at(name).classList.toggle("typing", typing === name);
  for (const name of ["begin", "watch"]) at(name).disabled = sending || pin.length < PIN_MIN || !at("number").value.trim();
  at("said").textContent = told ? refusal(told) : say(sending ? "checking" : "pin_note");
  at("said").classList.toggle("bad", Boolean(told));
}

function choose(field) {
  typing = field;
  if (field === "pin" && letters) letters = false;
  pad();
  draw();
}

function type(character) {
  told = null;
  const number = at("number");
  if (typing === "pin") pin = (pin + character).slice(0, PIN_MAX);
  else number.value = (number.value + character).slice(0, number.maxLength);
  draw();
}

function erase() {
  if (typing === "pin") pin = pin.slice(0, -1);
  else at("number").value = at("number").value.slice(0, -1);
  draw();
}

function key(text, act, className = "") {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  element.addEventListener("click", act);
  return element;
}

function pad() {
  const keys = [...(letters ? LETTERS : DIGITS)].map((one) => key(one, () => type(one)));
  const other = key(say(letters ? "digits" : "letters"), () => {
    letters = !letters;
    typing = "number"; // a PIN has no letters
    pad();
    draw();
  }, "small");
  keys.splice(letters ? keys.length : -1, 0, other);
  at("pad").className = letters ? "letters" : "";
  at("pad").replaceChildren(...keys, key(say("erase"), erase, "small"));
}

async function logIn(watch) {
  if (at("begin").disabled) return;
  const who = { guard: at("number").value.trim().toUpperCase(), pin, watch };
  pin = "";
  told = null;
  sending = true;
  draw();
  try {
    const answer = await fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(who),
    });
    const said = await answer.json();
    if (answer.ok) return location.replace("/");
    told = said.field === "guard" ? { error: "wrong_pin" } : said;
  } catch {
    told = { error: "not_sent" };
  }
  sending = false;
  draw();
}

at("number").addEventListener("focus", () => choose("number"));
at("number").addEventListener("input", () => {
  told = null;
  draw();
});
at("pin").addEventListener("click", () => choose("pin"));
at("pin").addEventListener("focus", () => choose("pin"));
at("watch").addEventListener("click", () => logIn(true));
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(false);
});
at("language").addEventListener("click", () => {
  show(shown() === "zh" ? "en" : "zh");
  pad();
  draw();
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const inNumber = document.activeElement === at("number");
  if (event.key === "Enter" && inNumber) at("pin").focus();
  else if (event.key === "Enter" && document.activeElement === at("pin")) logIn(false);
  else if (!inNumber && event.key === "Backspace") erase();
  else if (!inNumber && /^[0-9]$/.test(event.key)) type(event.key);
  else return;
  event.preventDefault();
});

pad();
choose("number");
at("number").focus();
