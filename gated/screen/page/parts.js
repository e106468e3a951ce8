// The small things every part of the page is built from.

import { put } from "./glyphs.js";
import { first, say, second, shown } from "./texts.js";

/** The sign of each verdict. */
export const MARKS = { ALLOW: "ok", ALLOW_NOTE: "note", CHECK: "warn", STOP: "fail" };

/** The element with this id. */
export const at = (id) => document.getElementById(id);

/** An element of this kind and class that shows `text`. */
export function make(kind, className, text = "") {
  const element = document.createElement(kind);
  if (className) element.className = className;
  if (text) put(element, text);
  return element;
}

function use(place, className, name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const part = document.createElementNS("http://www.w3.org/2000/svg", "use");
  part.setAttribute("href", `#${place}-${name}`);
  svg.append(part);
  return svg;
}

/** A small sign. */
export function mark(name) {
  return use("mark", `mark ${name}`, name);
}

/** A large sign, drawn small. */
export function sign(name) {
  return use("shape", "mark sign", name);
}

/** The sign in `element` is `name` from now on. */
export function resign(element, place, name) {
  element.querySelector("use").setAttribute("href", `#${place}-${name}`);
}

/** `element` shows a text in the language being shown, and the other one smaller. */
export function both(element, text) {
  if (!first(text)) return element.replaceChildren();
  const said = make("b", "", first(text));
  const other = make("small", "", second(text));
  other.lang = shown() === "en" ? "zh-Hans" : "en";
  return element.replaceChildren(said, ...(other.textContent ? [other] : []));
}

/** `element` shows `text`; four Chinese signs break into two words of two, never elsewhere. */
export function lettered(element, text) {
  const four = /^\p{sc=Han}{4}$/u.test(text);
  element.classList.toggle("four", four);
  if (four) element.replaceChildren(text.slice(0, 2), document.createElement("wbr"), text.slice(2));
  else put(element, text);
  return element;
}

/** How long ago, in one word. */
export function since(seconds) {
  if (seconds < 60) return say("seconds", seconds);
  if (seconds < 7200) return say("minutes", Math.floor(seconds / 60));
  return say("hours", Math.floor(seconds / 3600));
}

/** Nothing that was shown below `element` is left anywhere in it. */
export function wipe(element) {
  for (const shownBefore of element.querySelectorAll("[data-put]")) put(shownBefore, "");
  for (const text of element.querySelectorAll("b, small")) text.remove();
}
