// Letters and digits to press with gloves: as many keys at once as the screen has room for.

import { make, say } from "./lang.js";

const TOUCH = 88.8; // px: 12 mm on 800 x 480 at 5 inch
const SMALL_TOUCH = 78; // 480 x 320 at 3.5 inch
const PHONE_TOUCH = 56; // denser than the panels of a gate
const HEAD = 76; // px: label and field
const TOOLS = 3;
const SIGNS = {
  code: ["0123456789ABCDEFGHJKMNPQRSTVWXYZ"], // the alphabet of codes has no I, L, O and U
  id: ["abcdefghijklmnopqrstuvwxyz-", "0123456789-"],
  address: ["abcdefghijklmnopqrstuvwxyz.-", "0123456789.-:/"],
};

const dialog = document.getElementById("pad");
const field = document.getElementById("pad-field");
const keys = document.getElementById("pad-keys");
let groups = [];
let page = 0;
let done = null;

function touch() {
  if (innerHeight <= 400) return SMALL_TOUCH;
  return innerWidth < 700 ? PHONE_TOUCH : TOUCH;
}

function press(sign) {
  const { selectionStart: from, selectionEnd: to } = field;
  field.setRangeText(sign, from, to, "end");
}

function erase() {
  const { selectionStart: from, selectionEnd: to } = field;
  field.setRangeText("", from === to ? Math.max(0, from - 1) : from, to, "end");
}

function tool(word, act) {
  return make("button", { type: "button", class: "tool", onclick: act }, word);
}

function cut(group, room) {
  const pages = Math.ceil(group.length / room);
  const each = Math.ceil(group.length / pages);
  return Array.from({ length: pages }, (_, at) => group.slice(at * each, (at + 1) * each));
}

function draw() {
  const columns = Math.max(4, Math.floor(innerWidth / touch()));
  const rows = Math.max(3, Math.floor((innerHeight - HEAD) / touch()));
  const room = Math.max(8, columns * rows - TOOLS);
  const whole = groups.join("");
  const pages = whole.length <= room ? [whole] : groups.flatMap((group) => cut(group, room));
  page %= pages.length;
  keys.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  const visible = [...new Set(pages[page])];
  const more = () => {
    page += 1;
    draw();
  };
  keys.replaceChildren(
    ...visible.map((one) => make("button", { type: "button", onclick: () => press(one) }, one)),
    tool(say("erase"), erase),
    pages.length > 1 ? tool(say("more_keys"), more) : "",
    tool(say("done"), () => dialog.close("done")),
  );
}

dialog.addEventListener("close", () => {
  const took = done;
  done = null;
  if (dialog.returnValue === "done" && took) took(field.value.trim());
});
dialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault(); // Enter on a keyboard is the same as the key
  dialog.close("done");
});
addEventListener("resize", () => dialog.open && draw());

/** Ask for a text. kind: which signs it may have; took: called with it unless given up. */
export function ask(kind, label, value, took) {
  groups = SIGNS[kind];
  page = 0;
  done = took;
  document.getElementById("pad-label").textContent = label;
  field.inputMode = "none"; // no keyboard of the system over ours; a real one works
  field.value = value;
  dialog.returnValue = "";
  draw();
  dialog.showModal();
  field.focus();
  field.setSelectionRange(value.length, value.length);
}
