// What a guard orders about the visit on the screen: a manual pass, a refusal, a clinical value,
// and to measure again.

import { close, sheet, tell, worded } from "./dialogs.js";
import { pick, words } from "./forms.js";
import { order } from "./link.js";
import { REASONS } from "./lists.js";
import { temperaturePad } from "./pads.js";
import { say, TEXTS } from "./texts.js";

let asked = null; // the newest order that was taken
let under = ""; // the order that is on its way: a double tap sends it once

/** The newest order of this page about this visit, handed out once, or null. */
export function takeAsked(visit) {
  const action = asked?.visit === visit ? asked : null;
  if (action) asked = null;
  return action;
}

async function give(action) {
  const same = JSON.stringify(action);
  if (under === same) return { error: "busy" };
  under = same;
  const answer = await order(action);
  under = "";
  if (!answer.error) asked = action;
  return { recorded: true, ...answer };
}

async function send(action) {
  close();
  if (under === JSON.stringify(action)) return;
  const { error } = await give(action);
  if (error) tell(error in TEXTS ? say(error) : error, true);
  else tell(`${say(action.kind)} · ${say("sent")}`);
}

/** Who was just registered may be let pass by hand: offered while they stand there. */
export function offerPass(snapshot) {
  const { visit } = snapshot;
  const action = { kind: "manual_pass", visit, reason: "registered" };
  const items = [{ ...worded("registered"), hold: true, data: { reason: "registered" }, act: () => send(action) }];
  sheet("manual_pass", say("manual_pass"), { visit, items, note: say("registered_go_on"), leave: "close" });
}

/** The dialog for a guard's order about visit `visit` is open, or the order is given. */
export function openAction(kind, visit) {
  if (kind === "remeasure") return send({ kind, visit });
  if (kind === "clinical") {
    const accept = (value) => send({ kind, visit, value_mc: value });
    return temperaturePad({ kind, visit, title: say("pick_clinical"), accept, back: close });
  }
  const act = (reason) => {
    if (reason !== "other") return send({ kind, visit, reason });
    return words(`${say(kind)} · ${say("other")}`, { kind, visit, reason }, { post: give, visit });
  };
  const small = Object.fromEntries(REASONS[kind].map((reason) => [reason, { data: { reason } }]));
  const state = pick(say(`pick_${kind}`), REASONS[kind], act, { hold: true, visit, small });
  state.kind = kind;
  return state;
}
