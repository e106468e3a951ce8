// Who is on duty: log-in with staff number and PIN, and the second person of an order.
// A PIN lives in one variable until it is sent, and nowhere else.

import { close, current, note, refusal, sheet, tell } from "./dialogs.js";
import { pick, send } from "./forms.js";
import { openHandOver } from "./handover.js";
import { guards, logIn, logOut, order } from "./link.js";
import { REASONS } from "./lists.js";
import { numberPad } from "./pads.js";
import { say } from "./texts.js";

const PIN_MAX = 8;
const PIN_MIN = 4;
const STAFF_MAX = 12;
const APPROVES = "supervisor";

// The pad asks `ask` for each PIN and stays open while it is refused.
function pinPad(title, visit, ask) {
  let pending = false;
  const accept = async (pin, state) => {
    if (pending) return;
    pending = true;
    state.clear();
    note(state, say("checking"));
    const answer = await ask(pin);
    pending = false;
    if (!current(state)) return; // closed meanwhile
    if (answer.error) note(state, refusal(answer), true);
    else close();
  };
  return numberPad({
    kind: "pin",
    title,
    visit,
    most: PIN_MAX,
    least: PIN_MIN,
    hint: "pin_note",
    show: (typed) => "●".repeat(typed.length) + "○".repeat(Math.max(0, PIN_MIN - typed.length)),
    accept,
    back: close,
  });
}

function called({ name, number }) {
  return name || number;
}

async function choose(title, wanted, visit, picked) {
  const listed = (await guards()).filter(wanted);
  const items = listed.map((guard) => ({
    text: called(guard),
    small: `${guard.number} · ${say(guard.role)}`,
    data: { guard: guard.number },
    act: () => picked(guard),
  }));
  sheet("pick", title, { visit, items, note: listed.length ? "" : say("no_guards") });
}

/** Somebody else who may approve is asked for their PIN; `ask({guard, pin})` gives the answer. */
export function approve(duty, visit, ask) {
  const others = (guard) => guard.role === APPROVES && guard.number !== duty.guard;
  return choose(say("pick_second"), others, visit, (guard) => {
    pinPad(`${called(guard)} · ${say("type_pin")}`, visit, (pin) => ask({ guard: guard.number, pin }));
  });
}

/** A second person is asked to approve this order with their PIN. */
export function openSecond(action, duty) {
  return approve(duty, action.visit, (second) => order({ ...action, second }));
}

// A gate without a book of guards believes whoever types a staff number.
function staffNumber() {
  numberPad({
    title: say("pick_shift"),
    sets: ["123", "ABC"],
    most: STAFF_MAX,
    least: 1,
    hint: "staff_number",
    accept: (guard) => send({ kind: "shift", act: "begin", guard }),
    back: close,
  });
}

/** The dialog to begin duty is open, or the hand-over while somebody is on duty. */
export function openDuty(duty) {
  if (!duty.number && !duty.log_in) return staffNumber();
  if (!duty.number) {
    return choose(say("pick_guard"), () => true, null, (guard) => {
      pinPad(`${called(guard)} · ${say("type_pin")}`, null, (pin) => logIn({ guard: guard.number, pin }));
    });
  }
  if (duty.log_in) return openHandOver(duty);
  const act = (word) => (word === "begin_shift" ? staffNumber() : openHandOver(duty));
  return pick(`${say("shift")} · ${duty.guard}`, ["hand_over", "begin_shift"], act);
}

/** Whoever is logged in on this device and not on duty approves a manual pass: reason, then PIN. */
export function openApproval(visit, me) {
  const kind = "manual_pass";
  const act = (reason) => {
    const ask = (pin) => order({ kind, visit, reason, second: { guard: me.number, pin } });
    pinPad(`${called(me)} · ${say("type_pin")}`, visit, ask);
  };
  const small = Object.fromEntries(REASONS[kind].map((reason) => [reason, { data: { reason } }]));
  return pick(say("pick_second"), REASONS[kind], act, { hold: true, visit, small });
}

/** The log-in of this device may be ended. */
export function openMe(me) {
  if (!me) return;
  const act = async () => {
    const answer = await logOut();
    if (answer.error) tell(refusal(answer), true);
  };
  pick(`${called(me)} · ${say(me.role)}`, ["log_out"], act);
}
