// Three hardware keys instead of a touch: next (arrow down or right), press (Enter), back (Escape).
// The key that Enter presses is outlined. Also: a second tap of a double tap hits nothing new.

const TWICE_MS = 350;
const NEAR_PX = 40;
const MARKED = "walked";
let turned = 0; // how often something opened or closed
let seen = { turned: 0, at: -TWICE_MS, x: 0, y: 0 };
let touched = false;

/** The outlined key within `root`, or null. */
export function walked(root) {
  const element = root.querySelector(`.${MARKED}`);
  return element && !element.disabled && element.getClientRects().length ? element : null;
}

function wipe() {
  for (const element of document.querySelectorAll(`.${MARKED}`)) element.classList.remove(MARKED);
}

/** This key is outlined and has the focus; no other one. */
export function highlight(element) {
  wipe();
  element?.classList.add(MARKED);
  element?.focus();
}

/** The key after the outlined one (way 1) or before it (-1) that can be pressed, round and round. */
export function next(root, way = 1, from = null) {
  const all = [...root.querySelectorAll("button, input")];
  const can = all.filter((element) => !element.disabled && element.getClientRects().length);
  if (!can.length) return null;
  const here = all.indexOf(walked(root) ?? root.querySelector("input:focus"));
  if (here < 0) return can.includes(from) ? from : can[way > 0 ? 0 : can.length - 1];
  const later = can.filter((element) => (all.indexOf(element) - here) * way > 0);
  if (!later.length) return can[way > 0 ? 0 : can.length - 1];
  return later[way > 0 ? 0 : later.length - 1];
}

/** Whether one of the three keys was meant for the main screen. */
export function walkMain(event) {
  const way = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (way) {
    const begin = document.querySelector("footer .suggested:not(:disabled)") ?? document.querySelector("footer .act:not(:disabled)");
    highlight(next(document.body, way, begin));
  } else if (event.key === "Enter") {
    const here = walked(document.body);
    if (!here && !event.repeat) return false; // whatever the browser does with the focus
    if (!event.repeat) here.click();
  } else if (event.key === "Escape") {
    wipe();
  } else {
    return false;
  }
  event.preventDefault();
  return true;
}

/** Something else is under the finger now: the second tap of a double tap is not meant for it. */
export function freshTaps() {
  turned += 1;
}

function tapped(event) {
  const { turned: before, at, x, y } = seen;
  const near = Math.hypot(event.clientX - x, event.clientY - y) < NEAR_PX;
  const again = event.detail > 1 || (touched && near && performance.now() - at < TWICE_MS);
  if (event.isTrusted && event.detail > 0 && again && before !== turned) {
    event.stopImmediatePropagation();
    event.preventDefault();
    return;
  }
  if (event.detail > 0) seen = { turned, at: performance.now(), x: event.clientX, y: event.clientY };
}

addEventListener("click", tapped, true);
addEventListener(
  "pointerdown",
  (event) => {
    touched = event.pointerType === "touch";
    wipe();
  },
  true,
);
