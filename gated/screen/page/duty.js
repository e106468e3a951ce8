// Who is on duty: log-in with staff number and PIN, and the second person of an order.
// A PIN lives in one variable until it is sent, and nowhere else.

import { close, current, note, refusal, sheet, tell } from "./dialogs.js";
import { pick, send } from "./forms.js";
import { openHandOver } from "./handover.js";
import { guards, logIn, logOut, order } from "./link.js";
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

async function choose(title, wanted, visit, picked, why = "") {
  const listed = (await guards()).filter(wanted);
  const items = listed.map((guard) => ({
    text: called(guard),
    small: `${guard.number} · ${say(guard.role)}`,
    data: { guard: guard.number },
    act: () => picked(guard),
  }));
  sheet("pick", title, { visit, items, note: say(listed.length ? why : "no_guards") });
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
    hint: "no_book_yet",
    accept: (guard) => send({ kind: "shift", act: "begin", guard }),
    back: close,
  });
}

/** The dialog to begin duty is open, or the hand-over while somebody is on duty. why: said there. */
export function openDuty(duty, why = "") {
  if (!duty.number && !duty.log_in) return staffNumber();
  if (!duty.number) {
    return choose(say("pick_guard"), () => true, null, (guard) => {
      pinPad(`${called(guard)} · ${say("type_pin")}`, null, (pin) => logIn({ guard: guard.number, pin }));
    }, why);
  }
  if (duty.log_in) return openHandOver(duty);
  const act = (word) => (word === "begin_shift" ? staffNumber() : openHandOver(duty));
  return pick(`${say("shift")} · ${duty.guard}`, ["hand_over", "begin_shift"], act);
}

/** Whoever is logged in here and not on duty approves the order that was asked for: held, then PIN. */
export function openApproval({ visit, needs_second: asked }, me) {
  const { kind, reason, words } = asked;
  const act = () => {
    const ask = (pin) => order({ kind, visit, reason, second: { guard: me.number, pin } });
    pinPad(`${called(me)} · ${say("type_pin")}`, visit, ask);
  };
  const small = { [reason]: { data: { reason } } };
  const note = [say(kind), words ? say("words_go_along") : ""].filter(Boolean).join(" · ");
  const state = pick(say("approve_asked"), [reason], act, { hold: true, visit, small, note });
  state.follow = (snapshot) => {
    if (snapshot?.needs_second?.reason === reason) return;
    close();
    tell(say("asked_otherwise"), true);
  };
  return state;
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
