// The hand-over at the end of a shift: six points looked at, the shift in numbers, then log-off.

import { begin, button, current, dialog, holdable, leaving, note, scrolled, sheet, tappable } from "./dialogs.js";
import { make, mark, MARKS } from "./parts.js";
import { send } from "./forms.js";
import { summary } from "./link.js";
import { WORDS } from "./lists.js";
import { first, say, TEXTS } from "./texts.js";

const COUNTS = ["manual", "refused", "calls", "registrations", "anomalies", "notes", "rounds", "unanswered", "backlog"];

function row(name, sign, value, className = "") {
  const item = make("li", className);
  item.append(mark(sign), make("span", "", name), make("b", "", String(value)));
  return item;
}

function drawSummary(list, told) {
  const rows = Object.keys(MARKS).map((verdict) => row(say(`sum_${verdict}`), MARKS[verdict], told.passages[verdict] ?? 0));
  rows.push(...COUNTS.map((name) => row(say(`sum_${name}`), "off", told[name] ?? 0)));
  rows.push(...told.faults.map((fault) => row(first(fault), "warn", "", "fault")));
  list.replaceChildren(...rows);
}

async function openSummary(duty, checked, back) {
  const state = begin("summary", `${say("hand_over")} · ${duty.name || duty.guard}`, null, back);
  state.said = make("p", "range", say("searching"));
  state.said.setAttribute("role", "status");
  const list = scrolled(make("ul", "list counts"), say("hand_over"));
  const foot = make("div", "row");
  const off = () => send({ kind: "shift", act: "end", ...(checked ? { checked } : {}) });
  const end = holdable(button("end", say("end_shift"), "1", say("hold_1s")), "1", off);
  foot.append(leaving("back"), end);
  dialog.append(state.said, list, foot);
  const told = await summary();
  if (!current(state)) return;
  if (told.error) return note(state, say("no_summary"), true);
  note(state, say("since", told.since));
  drawSummary(list, told);
}

/** The checklist is open, with what was answered; then the summary, then log-off by holding. */
export function openHandOver(duty, answers = {}) {
  const items = WORDS.checklist.map((point) => {
    const answer = answers[point];
    const said = answer === undefined ? "check_open" : answer ? "check_yes" : "check_no";
    return {
      text: first(TEXTS[point]),
      small: say(said),
      word: point,
      className: `check ${said}`,
      act: () => openHandOver(duty, { ...answers, [point]: !answer }),
    };
  });
  const again = () => openHandOver(duty, answers);
  const all = WORDS.checklist.every((point) => answers[point] !== undefined);
  const next = () => {
    if (!all) return note(state, say("check_all"), true);
    return openSummary(duty, WORDS.checklist.filter((point) => answers[point]), again);
  };
  const state = sheet("checklist", `${say("hand_over")} · ${duty.name || duty.guard}`, {
    items,
    note: say("check_note"),
    row: () => [
      tappable(button("skip", say("skip"), "/"), "/", () => openSummary(duty, null, again)),
      tappable(button("confirm", say("next"), "Enter"), "Enter", next),
    ],
  });
}
