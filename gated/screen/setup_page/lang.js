// The words of the wizard in the language being shown, and elements made of plain text.

import { TEXTS } from "./words.js";

let language = "zh";

/** The language being shown, "zh" or "en". */
export function shown() {
  return language;
}

/** Show `next` from now on. */
export function show(next) {
  language = next === "en" ? "en" : "zh";
  document.documentElement.lang = language === "en" ? "en" : "zh-Hans";
  document.documentElement.dataset.language = language;
}

/** Whether there is such a word. */
export function knows(key) {
  return key in TEXTS;
}

/** A word in the language being shown, with {n} filled in. */
export function say(key, n) {
  const text = TEXTS[key];
  return (text[language] || text.zh).replace("{n}", String(n));
}

/** A new element. props: its properties; children: elements, or texts that are never markup. */
export function make(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") element.className = value;
    else if (/^(aria|data|role)/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== "" && child !== null));
  return element;
}

/** A sign from the page's shapes. */
export function sign(name, extra = "") {
  const SVG = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", `shape ${extra}`);
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#shape-${name}`);
  picture.append(use);
  return picture;
}

/** A button of a set of choices. */
export function tile(word, note, chosen, act, picture = "") {
  return make(
    "button",
    { type: "button", class: "tile", "aria-pressed": String(chosen), onclick: act },
    picture ? sign(picture) : "",
    make("b", {}, word),
    note ? make("small", {}, note) : "",
  );
}
