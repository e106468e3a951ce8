// What guards report besides passages, and everything behind 更多 / More.

import { button, close, dialog, openMessage, sheet, tappable, worded } from "./dialogs.js";
import { openDuty } from "./duty.js";
import { openHelp } from "./help.js";
import { pick, send, words } from "./forms.js";
import { walked } from "./keys.js";
import { report } from "./link.js";
import { WORDS } from "./lists.js";
import { openModes } from "./modes.js";
import { openPaper } from "./paper.js";
import { openFind, openMembers } from "./people.js";
import { openRegister } from "./register.js";
import { first, say } from "./texts.js";
import { once } from "./tones.js";
import { openVehicle } from "./vehicle.js";

const DURESS_MS = 3000;
const AGAIN_MS = 1000;
const TRIES = 5;

function station({ station: whom }) {
  return whom?.phone ? say("station_phone", `${first(whom.name)} ${whom.phone}`) : "";
}

/** The reasons to call the station are open, with its telephone number. */
export function openCall(snapshot) {
  const { visit } = snapshot;
  const act = (reason) => send({ kind: "call", reason, ...(visit ? { visit } : {}) });
  pick(say("pick_call"), WORDS.call, act, { note: station(snapshot) });
}

/** The place of a disinfection round is asked, then the agent. */
export function openRound({ round }) {
  const known = round && round.ago_min !== null;
  const ago = !known ? "" : round.ago_min < 120 ? say("minutes", round.ago_min) : say("hours", Math.floor(round.ago_min / 60));
  const said = ago ? say(round.overdue ? "round_overdue" : "round_ago", ago) : "";
  const agent = (place) => pick(say("pick_agent"), WORDS.agent, (word) => send({ kind: "round", place, agent: word }));
  pick(say("pick_round"), WORDS.round, agent, { note: said });
}

function anomaly() {
  pick(say("pick_anomaly"), WORDS.anomaly, (what) => words(`${say("anomaly")} · ${say(what)}`, { kind: "anomaly", what }));
}

function written({ visit }) {
  const about = visit ? { visit } : {};
  pick(say("pick_note"), WORDS.note, (what) => words(`${say("note")} · ${say(what)}`, { kind: "note", what, ...about }));
}

function soundTest() {
  const items = ["allow", "check", "stop"].map((band) => worded(`tone_${band}`, () => once(band), { word: band }));
  const heard = (yes) => () => send({ kind: "sound_test", heard: yes });
  sheet("pick", say("sound_test"), {
    items,
    columns: 3,
    note: say("sound_note"),
    row: () => [
      tappable(button("unheard", say("unheard"), "-"), "-", heard(false)),
      tappable(button("confirm", say("heard"), "Enter"), "Enter", heard(true)),
    ],
  });
}

const DIALOGS = {
  members: openMembers,
  registration: openRegister,
  call: openCall,
  find: openFind,
  vehicle: openVehicle,
  note: written,
  anomaly,
  round: openRound,
  paper: openPaper,
  shift: ({ duty }) => openDuty(duty),
  modes: openModes,
  sound_test: soundTest,
};
// The most used first; each with the group that its colour shows.
const GROUPS = {
  person: ["members", "registration", "find", "vehicle"],
  report: ["call", "note", "anomaly", "round", "paper"],
  gate: ["shift", "modes", "message", "health", "language", "sound_test"],
};
const ORDERS = ["remeasure", "manual_pass", "refuse", "clinical"];

function visible(element) {
  return Boolean(element?.getClientRects().length);
}

// Orders that a small screen has no room for.
function hiddenOrders() {
  return ORDERS.filter((kind) => !visible(document.querySelector(`.act[data-kind=${kind}]`)));
}

function offered(kind, { members, message }) {
  return kind === "members" ? members : kind === "message" ? Boolean(message) : true;
}

/** The dialog with everything a guard may do is open. */
export function openMore(snapshot, press, switchLanguage) {
  const acts = {
    language: () => {
      close();
      switchLanguage();
    },
    message: () => openMessage(snapshot.message),
    health: () => openHelp(snapshot),
  };
  const orders = hiddenOrders();
  const groups = { ...GROUPS, person: [...orders, ...GROUPS.person] };
  const items = Object.entries(groups).flatMap(([group, kinds]) =>
    kinds
      .filter((kind) => offered(kind, snapshot))
      .map((kind) => {
        const act = acts[kind] ?? (DIALOGS[kind] ? () => DIALOGS[kind](snapshot) : () => press(kind));
        const disabled = ORDERS.includes(kind) && !snapshot.enabled.includes(kind);
        return worded(kind, act, { group, disabled });
      }),
  );
  sheet("more", say("more"), { items, leave: "close" });
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
  // Before the dialog opens: Enter on the outlined key is the same as its own key.
  const mine = (event) => event.key === key || (event.key === "Enter" && !dialog.open && walked(document.body) === element);
  element.addEventListener("pointerdown", press);
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) element.addEventListener(end, release);
  addEventListener("keydown", (event) => !event.repeat && mine(event) && press(), true);
  addEventListener("keyup", (event) => (event.key === key || event.key === "Enter") && release());
  addEventListener("blur", release);
}
