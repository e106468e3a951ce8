// What stands above the band only at times: a special mode, a call to the station, the centre's
// words, a vehicle.

import { at, make, mark, MARKS, sign, since } from "./parts.js";
import { first, say, second, shown } from "./texts.js";

const OCCUPANTS = 6; // signs that fit beside the plate; a bus shows how many more

// Nothing is replaced that would look the same: this line is drawn anew with every snapshot.
function show(element, key, ...children) {
  if (element.dataset.drawn === key) return;
  element.dataset.drawn = key;
  element.replaceChildren(...children);
}

function drawSpecial(special) {
  const until = special?.until ? say("until", special.until) : "";
  const said = special ? [first(special.word), until].filter(Boolean).join(" ") : "";
  show(at("special"), said + special?.mode, ...(special ? [sign(special.mode), make("span", "", said)] : []));
}

function drawCall(call) {
  const parts = call ? [say("call"), say(`call_${call.state}`), call.by, since(call.since_s)] : [];
  const said = parts.filter(Boolean).join(" · ");
  at("called").className = `part ${call?.state ?? ""}`;
  show(at("called"), said, ...(call ? [mark(call.state === "answered" ? "ok" : "clock"), make("span", "", said)] : []));
}

/** The line under the header: special mode, call, banner, and the centre's words behind a tap. */
export function drawBanner({ special, call, banner, message }) {
  drawSpecial(special);
  drawCall(call);
  const alone = !message && !special && !call;
  const said = [first(banner), alone ? second(banner) : ""].filter(Boolean).join(" · ");
  show(at("notice"), said, ...(said ? [make("span", "", said)] : []));
  const words = first(message);
  show(at("message"), words, ...(words ? [make("span", "", words)] : []));
  const classes = document.body.classList;
  classes.toggle("bannered", Boolean(special || call || banner || message));
  classes.toggle("messaged", Boolean(message));
}

function occupant({ name, verdict }) {
  const element = make("span");
  element.append(mark(MARKS[verdict] ?? "off"), make("i", "", name));
  return element;
}

/** The line of the vehicle that stands here: plate, who was identified, whether it may go. */
export function drawVehicle(vehicle) {
  document.body.classList.toggle("vehicled", Boolean(vehicle));
  const strip = at("vehicle");
  strip.classList.toggle("may", Boolean(vehicle?.ready));
  const key = vehicle ? shown() + JSON.stringify(vehicle) : "";
  if (!vehicle) return show(strip, key);
  const { occupants, people } = vehicle;
  const decided = Math.max(vehicle.decided ?? 0, occupants.length);
  const missing = Math.max(0, Math.min(people - decided, OCCUPANTS - occupants.length));
  const signs = make("span", "people");
  signs.append(...occupants.slice(-OCCUPANTS).map(occupant));
  for (let place = 0; place < missing; place++) signs.append(mark("free"));
  const count = make("span", "count", `${decided}/${people}`);
  const ready = make("span", "ready", say(vehicle.ready ? "vehicle_ready" : "vehicle_waiting"));
  show(strip, key, make("span", "plate", vehicle.plate), count, signs, ready);
}

/** The two lines are gone, and with them every word of theirs. */
export function dropStrips() {
  drawBanner({});
  drawVehicle(null);
}

