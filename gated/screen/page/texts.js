// The words that belong to the page itself, in the language being shown. They stand in the section
// [page] of texts.toml; the server makes words.js of it, and of the words for reason codes. Verdicts,
// reasons and health come with the snapshot.

import { CODES, TEXTS } from "./words.js";

export { CODES, TEXTS };

let language = document.documentElement.dataset.language === "en" ? "en" : "zh";

/** The language being shown, "zh" or "en". */
export function shown() {
  return language;
}

/** Show `next` from now on; the document's lang picks the right Chinese glyphs. */
export function show(next) {
  language = next === "en" ? "en" : "zh";
  document.documentElement.lang = language === "en" ? "en" : "zh-Hans";
  document.documentElement.dataset.language = language;
}

/** A {zh, en} value in the language being shown, the other one if that is empty. */
export function first(text) {
  if (!text) return "";
  return text[language] || text.zh || text.en || "";
}

/** The same value in the other language, or "" when it would say nothing new. */
export function second(text) {
  if (!text) return "";
  const other = language === "en" ? text.zh : text.en;
  return other && other !== first(text) ? other : "";
}

/** A word of the page in the language being shown, with {n} filled in. */
export function say(key, n) {
  return first(TEXTS[key]).replace("{n}", String(n));
}
