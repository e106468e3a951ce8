// People in one vehicle pass together: the plate and how many, then each shows a card or code and a
// wrist, then one opening. The people stand on the main screen; the keys for the vehicle here.

import { close, sheet } from "./dialogs.js";
import { form, send } from "./forms.js";
import { say } from "./texts.js";

const SIGNS = { ALLOW: "ok", ALLOW_NOTE: "note", CHECK: "warn", STOP: "fail" };
const PEOPLE_MAX = 60;

function standing({ vehicle }) {
  const { plate, people, occupants, ready } = vehicle;
  const decided = Math.max(vehicle.decided ?? 0, occupants.length); // a bus shows its newest only
  const said = occupants.map(({ name, verdict }) => ({ text: name || say("unknown_person"), className: `occupant ${SIGNS[verdict]}`, disabled: true, act: () => {} }));
  const items = [
    { word: "let_through", text: say("let_through"), small: say(ready ? "hold_1s" : "vehicle_waits"), disabled: !ready, hold: true, act: () => send({ kind: "vehicle", act: "pass" }) },
    { word: "give_up", text: say("give_up"), small: say("hold_1s"), hold: true, act: () => send({ kind: "vehicle", act: "abandon" }) },
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
      { name: "plate", kind: "plate" },
      { name: "people", kind: "count", least: 1, most: PEOPLE_MAX },
    ],
    values: { plate: "", people: 1 },
    ready: ({ plate }) => (plate ? "" : "plate_hint"),
    made: (values) => ({ kind: "vehicle", act: "begin", ...values }),
  });
}
