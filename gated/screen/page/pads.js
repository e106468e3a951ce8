// Pads: how a value gets typed with large keys. Each opens over its form, and `accept` or `back`
// returns there. Hardware keyboards type into the same pads.

import { button, erasing, note, sheet, tappable } from "./dialogs.js";
import { put } from "./glyphs.js";
import { make } from "./parts.js";
import { say } from "./texts.js";

const DIGITS = "1234567890";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"; // a plate has no I and no O
export const PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
const PLATE_ENDS = "警学挂领港澳使";
const SETS = { 123: DIGITS, ABC: LETTERS, plate: PLATE_LETTERS, province: PROVINCES + PLATE_ENDS };
const DAY = /^(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$/;
const LOWEST = 340;
const HIGHEST = 429; // tenths of a degree

const typedProvinces = new Map(); // how often each was typed on this page

// The site's own province first, once it was typed; then the usual order.
function charsOf(set) {
  const often = (one) => typedProvinces.get(one) ?? 0;
  return set === "province" ? [...SETS[set]].sort((a, b) => often(b) - often(a)) : [...SETS[set]];
}

function nameOf(set) {
  return { province: say("pad_province"), plate: "ABC" }[set] ?? set;
}

/**
 * A pad of single characters. sets: names of SETS, one at a time; extra: more keys beside the digits.
 *
 * take(typed, character): the new text, or null for a character that does not belong there.
 * show(typed): what stands in the title; ready(typed): whether it may be accepted; turn(typed): the
 * set that comes next by itself, or "". The `accept` key gives the typed text; missing(typed): the
 * sentence for what is still to be typed, and then that key says so instead of being off.
 */
export function charPad(pad) {
  const { title, sets, extra = "", take, show = (typed) => typed || "_", ready, accept, back, visit = null } = pad;
  let { typed = "", set = sets[0] } = pad;
  const chars = charsOf(set);
  const reopen = () => charPad({ ...pad, typed, set });
  const output = make("output");
  let confirm;
  const update = (next) => {
    const bad = next === null;
    if (!bad) typed = next;
    put(output, show(typed));
    confirm.disabled = !ready(typed) && !pad.missing;
    const hint = pad.missing?.(typed) || pad.hint || "pad_hint";
    note(state, say(bad && pad.wrong ? pad.wrong : hint), bad);
  };
  const change = (next) => {
    update(next);
    const wanted = pad.turn?.(typed) || set;
    if (wanted === set) return;
    set = wanted;
    reopen();
  };
  const type = (character) => change(take(typed, character.toUpperCase()));
  const confirmed = () => (ready(typed) ? accept(typed, state) : note(state, say(pad.missing(typed)), true));
  const state = sheet(pad.kind ?? "pad", title, {
    visit,
    back,
    leave: pad.kind ? "cancel" : "back",
    items: chars.map((one) => ({ text: one, className: "digit", key: one, act: () => type(one) })),
    spots: 1,
    columns: set === "123" ? 5 : 0,
    row: () => {
      const keys = [erasing(() => change(typed.slice(0, -1)))];
      const beside = set === "123" ? [...extra] : [];
      for (const one of beside) keys.push(tappable(button("digit", one), one, () => type(one)));
      const other = sets[(sets.indexOf(set) + 1) % sets.length];
      const swap = () => {
        set = other;
        reopen();
      };
      if (other !== set) keys.push(tappable(button("set", nameOf(other), "/"), "/", swap));
      confirm = tappable(button("confirm", say("confirm"), "Enter"), "Enter", confirmed);
      return [...keys, confirm];
    },
  });
  state.type = type;
  state.clear = () => update("");
  state.head.append(output);
  update(typed);
  return state;
}

/** The pad for a number of at most `most` digits; `letters` lets it switch to letters. */
export function numberPad({ most, least = 0, sets = ["123"], extra = "", ...rest }) {
  const allowed = sets.map((set) => SETS[set]).join("") + extra;
  return charPad({
    sets,
    extra,
    take: (typed, one) => (allowed.includes(one) && typed.length < most ? typed + one : null),
    ready: (typed) => typed.length === 0 ? least === 0 : typed.length >= least,
    ...rest,
  });
}

const ROOM_PARTS = ["room_building", "room_unit", "room_number"];

function roomMissing(typed) {
  const parts = typed.split("-");
  return parts.length === 3 && parts[2] ? "room_whole" : ROOM_PARTS[parts.length - 1];
}

/** Building, unit and room, each ended by the hyphen; the line above says which one comes now. */
export function roomPad({ optional = false, ...rest }) {
  return charPad({
    sets: ["123", "ABC"],
    extra: "-",
    missing: (typed) => (optional && typed === "" ? "room_hint" : roomMissing(typed)),
    take: (typed, one) => {
      const parts = (typed + one).split("-");
      const whole = /^[0-9A-Z-]$/.test(one) && parts.length <= 3 && parts.slice(0, -1).every(Boolean);
      return whole && parts.at(-1).length <= 8 ? typed + one : null;
    },
    show: (typed) => [0, 1, 2].map((part) => typed.split("-")[part] || "_").join("-"),
    ready: (typed) => /^\w+-\w+-\w+$/.test(typed) || (optional && typed === ""),
    ...rest,
  });
}

/** A plate: province, letter, then five places or, for new energy, six. */
export function platePad({ optional = false, accept, ...rest }) {
  return charPad({
    sets: ["province", "123", "plate"],
    set: rest.typed ? "123" : "province",
    hint: "plate_hint",
    take: (typed, one) => {
      const place = typed.length;
      const right = place === 0 ? SETS.province : place === 1 ? PLATE_LETTERS : PLATE_LETTERS + DIGITS + PLATE_ENDS;
      return right.includes(one) && place < 8 ? typed + one : null;
    },
    show: (typed) => (typed.length < 2 ? typed.padEnd(2, "_") : `${typed.slice(0, 2)}·${typed.slice(2)}`),
    ready: (typed) => typed.length >= 7 || (optional && typed === ""),
    turn: (typed) => ["province", "plate", "123"][typed.length] ?? "",
    accept: (typed) => {
      if (typed) typedProvinces.set(typed[0], (typedProvinces.get(typed[0]) ?? 0) + 1);
      accept(typed);
    },
    ...rest,
  });
}

/** A time of day; accept gets "09:12". */
export function timePad({ accept, typed = "", ...rest }) {
  return charPad({
    sets: ["123"],
    typed: typed.replace(":", ""),
    hint: "time_hint",
    wrong: "time_hint",
    take: (before, one) => {
      const after = before + one;
      return /^([01]\d?|2[0-3]?)?$/.test(after.slice(0, 2)) && /^([0-5]\d?)?$/.test(after.slice(2)) ? after : null;
    },
    show: (now) => `${now.slice(0, 2).padEnd(2, "_")}:${now.slice(2).padEnd(2, "_")}`,
    ready: (now) => now.length === 4,
    accept: (now) => accept(`${now.slice(0, 2)}:${now.slice(2)}`),
    ...rest,
  });
}

/** Month and day; accept gets the ISO date of the last such day up to `today`. */
export function datePad({ today, accept, ...rest }) {
  return charPad({
    sets: ["123"],
    hint: "date_hint",
    take: (typed, one) => (/\d/.test(one) && typed.length < 4 ? typed + one : null),
    show: (typed) => `${typed.slice(0, 2).padEnd(2, "_")}-${typed.slice(2).padEnd(2, "_")}`,
    ready: (typed) => DAY.test(typed),
    accept: (typed) => {
      const tail = `${typed.slice(0, 2)}-${typed.slice(2)}`;
      const year = Number(today.slice(0, 4)) - (tail > today.slice(5) ? 1 : 0);
      accept(`${year}-${tail}`);
    },
    ...rest,
  });
}

/** A temperature: two digits, then the tenth; no point to look for. accept gets thousandths. */
export function temperaturePad({ accept, typed = "", ...rest }) {
  const possible = (text) => {
    const low = Number(text.padEnd(3, "0"));
    const high = Number(text.padEnd(3, "9"));
    return text.length <= 3 && high >= LOWEST && low <= HIGHEST;
  };
  return charPad({
    sets: ["123"],
    typed,
    hint: "range",
    wrong: "out_of_range",
    take: (before, one) => (/\d/.test(one) && possible(before + one) ? before + one : null),
    show: (now) => `${now.padEnd(3, "_").slice(0, 2)}.${now.padEnd(3, "_")[2]}`,
    ready: (now) => now.length === 3,
    accept: (now) => accept(Number(now) * 100),
    ...rest,
  });
}

/** How many: typed, or one more, one less, ten at once where there may be many. */
export function countPad({ title, value, least = 0, most, accept, back }) {
  const output = make("output");
  let count = value;
  let fresh = true; // the first digit begins a new number
  const show = (next) => {
    count = next;
    output.textContent = String(count);
  };
  const add = (more) => {
    fresh = true;
    show(Math.max(least, Math.min(most, count + more)));
  };
  const type = (one) => {
    const next = Number(`${fresh ? "" : count}${one}`);
    const bad = !/\d/.test(one) || next > most;
    note(state, say("count_hint", `${least} – ${most}`), bad);
    if (bad) return;
    fresh = false;
    show(next);
  };
  const confirmed = () => (count < least ? note(state, say("count_hint", `${least} – ${most}`), true) : accept(count));
  const steps = [[-1, "-"], [1, "+"], ...(most > 20 ? [[-10, "/"], [10, "*"]] : [])];
  const items = steps.map(([more, key]) => ({
    text: `${more < 0 ? "−" : "+"}${Math.abs(more)}`,
    className: "digit",
    key,
    data: { step: more },
    act: () => add(more),
  }));
  const row = () => [tappable(button("confirm", say("confirm"), "Enter"), "Enter", confirmed)];
  const hint = say("count_hint", `${least} – ${most}`);
  const state = sheet("pad", title, { back, leave: "back", items, row, columns: 2, note: hint });
  state.type = type;
  state.keys.set("Backspace", { press: () => show(Math.floor(count / 10)), release: () => {} });
  state.head.append(output);
  add(0);
  return state;
}

function morePicks(pad, { text, inner }) {
  const items = inner.map((pick) => ({ ...pick, act: () => pad.accept(pick.value) }));
  sheet("pick", `${pad.title} · ${text}`, { items, spots: 1.25, back: () => textPad(pad), leave: "back" });
}

/** Words of the guard's own: a line to type in, and keys with what is written most. */
export function textPad(pad) {
  const { title, typed, most, picks = [], accept, back, word = "confirm" } = pad;
  const input = document.createElement("input");
  input.maxLength = most;
  input.autocomplete = "off";
  input.spellcheck = false;
  input.value = typed;
  input.setAttribute("aria-label", title);
  const items = picks.map((pick) => ({ ...pick, act: () => (pick.inner ? morePicks(pad, pick) : accept(pick.value)) }));
  const row = () => [tappable(button("confirm", say(word), "Enter"), "Enter", () => accept(input.value.trim(), state))];
  const state = sheet("text", title, { back: () => back(input.value.trim()), leave: "back", items, lines: [input], row, note: say("text_hint") });
  input.focus();
  return state;
}
