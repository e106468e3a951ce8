// People in one vehicle pass together: the plate and how many, then each shows a card or code and a
// wrist, then one opening. The people stand on the main screen; the keys for the vehicle here.

import { close, sheet } from "./dialogs.js";
import { form, held, send } from "./forms.js";
import { WORDS } from "./lists.js";
import { MARKS } from "./parts.js";
import { say } from "./texts.js";

const PEOPLE_MAX = 60;

// Why the vehicle is given up, or somebody leaves it, is held; gone with the vehicle like the rest.
function why(title, reasons, what, shown) {
  const act = (reason) => send({ kind: "vehicle", ...what, reason });
  const state = held(title, reasons, act, { kind: "vehicle", back: () => standing(shown), leave: "back" });
  state.follow = (snapshot) => (snapshot?.vehicle?.plate === shown.vehicle.plate ? (shown = snapshot) : close());
}

function standing(shown) {
  const { vehicle } = shown;
  const { plate, people, occupants, ready } = vehicle;
  const decided = Math.max(vehicle.decided ?? 0, occupants.length); // a bus shows its newest only
  const said = occupants.map(({ name, verdict, visit }) => {
    const text = name || say("unknown_person");
    const act = () => why(`${text} · ${say("gets_out")}`, WORDS.drop, { act: "drop", visit }, shown);
    return { text, small: people > 1 ? say("gets_out") : "", className: `occupant ${MARKS[verdict]}`, data: { visit }, disabled: people < 2, act };
  });
  const items = [
    { word: "let_through", text: say("let_through"), small: say(ready ? "hold_1s" : "vehicle_waits"), disabled: !ready, hold: true, act: () => send({ kind: "vehicle", act: "pass" }) },
    { word: "give_up", text: say("give_up"), act: () => why(say("give_up"), WORDS.abandon, { act: "abandon" }, shown) },
  ];
  const state = sheet("vehicle", `${say("vehicle")} ${plate}`, {
    items: [...items, ...said],
    note: say("identified_of", `${decided}/${people}`),
    columns: 2,
    leave: "close",
  });
  const drawn = JSON.stringify(vehicle);
  state.follow = (snapshot) => {
    if (!snapshot?.vehicle) close();
    else if (JSON.stringify(snapshot.vehicle) !== drawn) standing(snapshot);
  };
}

/** A vehicle is written down, or the one that stands here may go or is given up. */
export function openVehicle(snapshot) {
  if (snapshot?.vehicle) return standing(snapshot);
  form({
    title: say("vehicle"),
    hint: "vehicle_hint",
    fields: [
      { name: "plate", kind: "plate", required: true },
      { name: "people", kind: "count", least: 1, most: PEOPLE_MAX },
    ],
    values: { plate: "", people: 1 },
    ready: ({ plate }) => (plate ? "" : "plate_hint"),
    made: (values) => ({ kind: "vehicle", act: "begin", ...values }),
  });
}
