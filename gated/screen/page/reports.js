// What guards report besides passages: calls, registrations, anomalies, rounds, shifts.
// A form stays open until the gate has taken it, so nothing typed is lost; it is kept nowhere else.

import { begin, button, close, dialog, erasing, tappable, tell } from "./dialogs.js";
import { make } from "./draw.js";
import { openDuty } from "./duty.js";
import { report } from "./link.js";
import { first, say, second, TEXTS } from "./texts.js";

export const WORDS = {
  call: ["fever", "contact", "dispute", "help", "other"],
  anomaly: ["crowding", "damage", "quarrel", "forced", "animal", "other"],
  registration: ["visitor", "returnee"],
  round: ["gate", "guard_room", "pick_up", "other"],
  agent: ["chlorine", "alcohol", "other"],
  document_kind: ["id_card", "passport", "permit", "other", "none"],
};
const FIELDS = {
  name: 64,
  document_kind: 0,
  document_number: 32,
  phone: 24,
  to: 32,
  from: 64,
  reason: 500,
  plate: 16,
  companions: 2,
};
const MANY = 6; // more keys than fit in two columns
const TEXT_MAX = 500;
const STAFF_MAX = 12;
const DURESS_MS = 3000;
const AGAIN_MS = 1000;
const TRIES = 5;

function refusal({ error, field }) {
  if (field && field in TEXTS) return say("check_field", say(field));
  return error in TEXTS ? say(error) : error;
}

function told(what, answer) {
  tell(`${say(what.kind)} · ${say(answer.recorded ? "sent" : "held")}`);
}

// What was only picked can be picked again: the dialog closes at once.
async function send(what) {
  close();
  const answer = await report(what);
  if (answer.error) tell(refusal(answer), true);
  else told(what, answer);
}

function cancel() {
  return tappable(button("cancel", say("cancel"), "Esc"), "Escape", close);
}

function pick(title, words, act) {
  begin("pick", say(title));
  const grid = make("div", words.length > MANY ? "reasons many" : "reasons");
  words.forEach((word, place) => {
    const key = String(place + 1);
    const element = button("word-key", first(TEXTS[word]), key);
    element.dataset.word = word;
    element.firstElementChild.append(make("small", "", second(TEXTS[word])));
    grid.append(tappable(element, key, () => act(word)));
  });
  grid.append(cancel());
  dialog.append(grid);
}

function entry(name, length) {
  const label = make("label", name);
  label.append(make("span", "", say(name)));
  const input = document.createElement(length ? "input" : "select");
  input.name = name;
  if (length) {
    input.maxLength = length;
    input.autocomplete = "off";
    input.spellcheck = false;
  } else {
    input.append(...WORDS[name].map((word) => new Option(say(word), word)));
  }
  if (name === "companions") input.inputMode = "numeric";
  label.append(input);
  return label;
}

// A dialog with fields. `made` turns the typed texts into a report, or null while one is missing.
function form(title, names, note, made) {
  begin("form", title);
  const fields = make("div", "fields");
  for (const [name, length] of Object.entries(names)) fields.append(entry(name, length));
  const said = make("p", "range", note);
  said.setAttribute("role", "status");
  const confirm = button("confirm", say("send"), "Enter");
  const submit = async () => {
    if (confirm.disabled) return;
    const inputs = [...fields.querySelectorAll("input, select")];
    const what = made(Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()])));
    confirm.disabled = true;
    const answer = await report(what);
    confirm.disabled = false;
    if (!confirm.isConnected) return; // closed meanwhile
    if (answer.error) {
      said.className = "range bad";
      said.textContent = refusal(answer);
      fields.querySelector(`[name="${CSS.escape(answer.field || "none")}"]`)?.focus();
      return;
    }
    close();
    told(what, answer);
  };
  const row = make("div", "row");
  row.append(tappable(confirm, "Enter", submit), cancel());
  dialog.append(fields, said, row);
  fields.querySelector("input").focus();
}

function register(kind, visit) {
  form(`${say("registration")} · ${say(kind)}`, FIELDS, say("sealed_note"), (typed) => ({
    kind: "registration",
    form: kind,
    ...(visit ? { visit } : {}),
    ...typed,
    companions: /^\d*$/.test(typed.companions) ? Number(typed.companions) : typed.companions,
  }));
}

function anomaly(what) {
  form(`${say("anomaly")} · ${say(what)}`, { words: TEXT_MAX }, say("sealed_note"), (typed) => ({
    kind: "anomaly",
    what,
    ...(typed.words ? { text: typed.words } : {}),
  }));
}

function shift(guard) {
  begin("shift", say("pick_shift"));
  const label = entry("staff_number", STAFF_MAX);
  const input = label.querySelector("input");
  const keys = make("div", "keys");
  for (const digit of "7894561230") {
    const key = button("digit", digit);
    key.addEventListener("click", () => (input.value += input.value.length < STAFF_MAX ? digit : ""));
    keys.append(key);
  }
  const erase = erasing();
  erase.addEventListener("click", () => (input.value = input.value.slice(0, -1)));
  keys.append(erase);
  const start = () => {
    const number = input.value.trim().toUpperCase();
    if (number) send({ kind: "shift", act: "begin", guard: number });
    else input.focus();
  };
  const side = make("div", "side");
  side.append(label, tappable(button("confirm", say("begin_shift"), "Enter"), "Enter", start));
  if (guard) {
    const end = button("end", `${say("end_shift")} ${guard}`);
    end.addEventListener("click", () => send({ kind: "shift", act: "end" }));
    side.append(end);
  }
  side.append(cancel());
  dialog.append(side, keys);
  input.focus();
}

function open(kind, snapshot) {
  const { visit, duty } = snapshot;
  if (kind === "call") {
    pick("pick_call", WORDS.call, (reason) => send({ kind, reason, ...(visit ? { visit } : {}) }));
  } else if (kind === "registration") {
    pick("pick_registration", WORDS.registration, (whom) => register(whom, visit));
  } else if (kind === "anomaly") {
    pick("pick_anomaly", WORDS.anomaly, anomaly);
  } else if (kind === "round") {
    pick("pick_round", WORDS.round, (place) => {
      pick("pick_agent", WORDS.agent, (agent) => send({ kind, place, agent }));
    });
  } else if (duty.log_in) {
    openDuty(duty);
  } else {
    shift(duty.guard);
  }
}

/** The dialog with everything a guard may report is open. */
export function openMore(snapshot, press, switchLanguage) {
  pick("more", ["call", "registration", "anomaly", "round", "shift", "clinical", "language"], (kind) => {
    if (kind === "clinical") return press(kind);
    if (kind !== "language") return open(kind, snapshot);
    close();
    switchLanguage();
  });
}

/** Holding this button or key for three seconds calls for help; nothing on the screen shows it. */
export function watchHold(element, key) {
  let timer = 0;
  const release = () => (timer = clearTimeout(timer) ?? 0);
  const call = async () => {
    for (let turn = 0; turn < TRIES; turn++) {
      if (!(await report({ kind: "alert", code: "GUARD_DURESS" })).error) return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  const press = () => (timer ||= setTimeout(call, DURESS_MS));
  element.addEventListener("pointerdown", press);
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) element.addEventListener(end, release);
  addEventListener("keydown", (event) => event.key === key && press());
  addEventListener("keyup", (event) => event.key === key && release());
  addEventListener("blur", release);
}
