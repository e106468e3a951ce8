// Forms: one large key per field, each opens its pad. A form stays open until the gate has taken
// it, so nothing typed is lost; it is kept nowhere else.

import { button, close, current, note, refusal, sheet, tappable, tell, worded } from "./dialogs.js";
import { report } from "./link.js";
import { countPad, datePad, numberPad, platePad, roomPad, temperaturePad, textPad, timePad } from "./pads.js";
import { first, say, second, TEXTS } from "./texts.js";

const DAY_MS = 86_400_000;

function titleOf({ kind, mode, act }) {
  if (kind === "shift") return say(act === "end" ? "end_shift" : "begin_shift");
  return say(kind === "mode" ? mode : kind);
}

/** The report went out and this came back: said at the bottom of the screen. */
export function told(what, answer) {
  if (answer.error) tell(refusal(answer), true);
  else tell(`${titleOf(what)} · ${say(answer.recorded ? "sent" : "held")}`);
}

/** What was only picked can be picked again: the dialog closes at once, and it is sent. */
export async function send(what) {
  close();
  told(what, await report(what));
}

/** A sheet of words, one of which is taken by a tap, or held for a second if `hold`. */
export function pick(title, words, act, { hold = false, small = {}, ...more } = {}) {
  const items = words.map((word) => worded(word, () => act(word), { hold, ...small[word] }));
  return sheet("pick", title, { items, ...more });
}

/** Why something risky is done, the most frequent first: the reason is held for a second. */
export function held(title, reasons, act, { kind = "pick", ...more } = {}) {
  const items = reasons.map((word) => {
    const text = TEXTS[`why_${word}`] ?? TEXTS[word];
    return { word, text: first(text), small: second(text), hold: true, act: () => act(word) };
  });
  return sheet(kind, title, { items, note: say("hold_why"), ...more });
}

function choice({ title, name, words, accept, back }) {
  const items = words.map((word) => ({ ...worded(word, () => accept(word)), data: { choice: word, field: name } }));
  sheet("pick", title, { items, back, leave: "back" });
}

function isoDay(today, before) {
  return new Date(Date.parse(`${today}T00:00:00Z`) - before * DAY_MS).toISOString().slice(0, 10);
}

function day({ title, today, accept, back }) {
  const near = ["today", "yesterday"].map((word, before) => worded(word, () => accept(isoDay(today, before))));
  const other = worded("other_day", () => datePad({ title, today, accept, back: () => day({ title, today, accept, back }) }));
  sheet("pick", title, { items: [...near, other], back, leave: "back" });
}

// How each kind of field is typed and how its value is shown.
const KINDS = {
  choice,
  day,
  text: ({ title, value, most, picks, accept, back }) => textPad({ title, typed: value, most, picks, accept, back }),
  number: ({ value, ...rest }) => numberPad({ typed: value, ...rest }),
  room: ({ value, ...rest }) => roomPad({ typed: value, optional: true, ...rest }),
  plate: ({ value, ...rest }) => platePad({ typed: value, ...rest }),
  time: ({ value, ...rest }) => timePad({ typed: value, ...rest }),
  temperature: ({ value, ...rest }) => temperaturePad({ typed: value ? String(value / 100) : "", ...rest }),
  count: countPad,
};
const SHOWN = {
  choice: (value) => (value ? first(TEXTS[value]) : ""),
  temperature: (value) => (value ? (value / 1000).toFixed(1) : ""),
  plate: (value) => (value ? `${value.slice(0, 2)}·${value.slice(2)}` : ""),
  count: String,
};

// Nothing that was typed goes by one wrong key.
function sure(title, { visit, kind, keep, leave }) {
  const items = [
    { word: "keep", text: say("keep_typing"), act: keep },
    { word: "discard", text: say("discard"), act: leave },
  ];
  sheet(kind, title, { visit, back: keep, items, note: say("discard_ask"), leave: "back" });
}

/**
 * A form is open. fields: {name, kind, ...} for the pads; `locked` shows that text and opens none.
 *
 * values: what is filled in already, changed in place. made(values): the report, asked for when it
 * is sent; ready(values): "" or the word why not yet. done(answer): it was taken. A field that is
 * `required`, or of which `oneOf` several will do, is marked until it is filled in.
 */
export function form({ title, hint = "sealed_note", fields, values, made, ready = () => "", done = close, word = "send", kind = "form", visit = null, post = report, back = close }) {
  let wrong = { fields: [], text: "" };
  let sending = false;
  let page = 0;
  const before = JSON.stringify(values);
  const filled = ({ name, locked }) => Boolean(locked || values[name]);
  const enough = () => fields.some((field) => field.oneOf && filled(field));
  const missing = (field) => !filled(field) && (field.required || (field.oneOf && !enough()));
  const leaveForm = () => (JSON.stringify(values) === before ? back() : sure(title, { visit, kind, keep: () => open(), leave: back }));
  const edit = (field) => {
    if (sending) return;
    page = state.page?.() ?? 0;
    const accept = (value) => {
      values[field.name] = value;
      wrong = { fields: [], text: "" };
      open();
    };
    const { kind: typedBy, ...more } = field;
    KINDS[typedBy]({ ...more, title: say(field.label ?? field.name), value: values[field.name], accept, back: open });
  };
  const item = (field) => {
    const value = field.locked ?? SHOWN[field.kind]?.(values[field.name]) ?? values[field.name];
    return {
      className: `field${value ? " filled" : ""}`,
      text: value || "—",
      small: say(field.label ?? field.name) + (missing(field) ? (field.required ? " *" : " ○") : ""),
      disabled: field.locked !== undefined,
      bad: wrong.fields.includes(field.name),
      data: { field: field.name },
      act: () => edit(field),
    };
  };
  const submit = async () => {
    const lacks = ready(values);
    if (sending) return;
    if (lacks) {
      wrong = { fields: fields.filter(missing).map(({ name }) => name), text: say(lacks) };
      page = state.page?.() ?? 0;
      return open();
    }
    const what = made(values);
    const mine = state;
    sending = true;
    confirm.disabled = true;
    const answer = await post(what);
    sending = false;
    if (!current(mine)) return told(what, answer); // closed meanwhile: it was sent all the same
    if (answer.error) {
      const named = fields.find(({ name }) => name === answer.field);
      const text = named ? say("check_field", say(named.label ?? named.name)) : refusal(answer);
      wrong = { fields: [answer.field], text };
      return open();
    }
    done(answer);
    told(what, answer);
  };
  let confirm;
  let state;
  const open = () => {
    const row = () => [(confirm = tappable(button("confirm", say(word), "Enter"), "Enter", submit))];
    state = sheet(kind, title, { visit, back: leaveForm, items: fields.map(item), row, note: wrong.text || say(fields.some(missing) ? "fill_in" : hint) });
    if (wrong.text) note(state, wrong.text, true);
    state.show?.(page);
  };
  open();
}

/** A line of the guard's own words, or none, and then it is sent. `what`: the report without them. */
export function words(title, what, { post = report, visit = null, done = close } = {}) {
  let sending = false;
  const accept = async (typed, state) => {
    if (sending) return;
    sending = true;
    const answer = await post(typed ? { ...what, text: typed } : what);
    sending = false;
    if (!current(state)) return told(what, answer);
    if (answer.error) return note(state, refusal(answer), true);
    done();
    told(what, answer);
  };
  const back = (typed) => (typed ? sure(title, { visit, kind: "text", keep: () => open(typed), leave: close }) : close());
  const open = (typed = "") => {
    const state = textPad({ title, typed, most: 500, accept, back, word: "send" });
    state.visit = visit;
    note(state, say("words_note"));
    return state;
  };
  return open();
}
