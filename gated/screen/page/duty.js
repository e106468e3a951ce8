// Who is on duty: log-in with staff number and PIN, log-off, and the second person of an order.
// A PIN lives in one variable until it is sent, and nowhere else.

import { begin, button, close, dialog, erasing, holdable, tappable, tell } from "./dialogs.js";
import { make } from "./draw.js";
import { guards, logIn, order, report } from "./link.js";
import { say, TEXTS } from "./texts.js";

const PIN_MAX = 8;
const PIN_MIN = 4;
const APPROVES = "supervisor";

function refusal({ error, wait_s: waits }) {
  if (error === "pin_locked") return say("pin_locked", Math.ceil((waits ?? 0) / 60));
  return error in TEXTS ? say(error) : error;
}

function cancel() {
  return tappable(button("cancel", say("cancel"), "Esc"), "Escape", close);
}

// The pad asks `send` for each PIN and stays open while it is refused.
function pinPad(title, visit, send) {
  begin("pin", title, visit);
  let typed = "";
  const dots = make("output", "", "");
  const said = make("p", "range", say("pin_note"));
  said.setAttribute("role", "status");
  const confirm = button("confirm", say("confirm"), "Enter");
  const show = () => {
    dots.textContent = "●".repeat(typed.length) + "○".repeat(Math.max(0, PIN_MIN - typed.length));
    confirm.disabled = typed.length < PIN_MIN;
  };
  const type = (digit) => {
    if (typed.length < PIN_MAX) typed += digit;
    show();
  };
  const submit = async () => {
    if (confirm.disabled) return;
    confirm.disabled = true;
    const pin = typed;
    typed = "";
    said.className = "range";
    said.textContent = say("checking");
    const answer = await send(pin);
    if (!dots.isConnected) return; // closed meanwhile
    if (!answer.error) return close();
    said.className = "range bad";
    said.textContent = refusal(answer);
    show();
  };
  const keys = make("div", "keys");
  for (const digit of "7894561230") {
    keys.append(tappable(button("digit", digit), digit, () => type(digit)));
  }
  keys.append(tappable(erasing(), "Backspace", () => ((typed = typed.slice(0, -1)), show())));
  const side = make("div", "side");
  side.append(dots, said, tappable(confirm, "Enter", submit), cancel());
  dialog.append(side, keys);
  show();
}

async function choose(title, wanted, visit, picked) {
  const listed = (await guards()).filter(wanted);
  begin("pick", title, visit);
  const grid = make("div", "reasons people");
  listed.forEach((guard, place) => {
    const key = place < 9 ? String(place + 1) : "";
    const element = button("word-key", `${guard.name || guard.number}`, key);
    element.dataset.guard = guard.number;
    element.firstElementChild.append(make("small", "", `${guard.number} · ${say(guard.role)}`));
    if (key) tappable(element, key, () => picked(guard));
    else element.addEventListener("click", () => picked(guard));
    grid.append(element);
  });
  grid.append(cancel());
  if (!listed.length) dialog.append(make("p", "range", say("no_guards")));
  dialog.append(grid);
}

function logOff({ guard, name, role }) {
  begin("pick", `${name || guard} · ${say(role)}`);
  const grid = make("div", "reasons");
  const off = async () => {
    close();
    const answer = await report({ kind: "shift", act: "end" });
    if (answer.error) tell(refusal(answer), true);
    else tell(`${say("end_shift")} · ${say("sent")}`);
  };
  grid.append(holdable(button("hold", say("end_shift"), "1"), "1", off), cancel());
  dialog.append(grid);
}

/** The dialog to log in is open, or the one to log off while somebody is on duty. */
export function openDuty(duty) {
  if (duty.number) return logOff(duty);
  return choose(say("pick_guard"), () => true, null, (guard) => {
    pinPad(`${guard.name || guard.number} · ${say("type_pin")}`, null, (pin) => logIn({ guard: guard.number, pin }));
  });
}

/** A second person is asked to approve this order with their PIN. */
export function openSecond(action, duty) {
  const others = (guard) => guard.role === APPROVES && guard.number !== duty.guard;
  return choose(say("pick_second"), others, action.visit, (guard) => {
    const title = `${guard.name || guard.number} · ${say("type_pin")}`;
    pinPad(title, action.visit, (pin) => order({ ...action, second: { guard: guard.number, pin } }));
  });
}
