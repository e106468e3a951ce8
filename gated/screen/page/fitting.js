// Texts get smaller until they fit, never smaller than can be read; what is left ends in dots.

const STEP = 0.95;
const READABLE_U = 20; // 2.7 mm
const ONE_LINE_LEAST = 0.55; // a prompt shrinks so far before it takes a second line

// In fractions of a pixel: scrollWidth rounds, and a word that lacks half a pixel loses a letter.
function width(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  return range.getBoundingClientRect().width;
}

function sizeOf(element) {
  return parseFloat(getComputedStyle(element).fontSize);
}

/** The least size of letters on this panel, in pixels. */
function readable() {
  return READABLE_U * parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--u"));
}

/** The text in `element` is as large as its style says, or just small enough for its one line. */
export function fit(element, smallest = 0.4) {
  element.style.fontSize = "";
  const room = element.clientWidth;
  const needed = width(element);
  if (needed <= room + 0.1 || !room) return;
  const size = sizeOf(element);
  const least = Math.max(size * smallest, readable() || 0);
  element.style.fontSize = `${Math.max(least, Math.floor((size * room * 0.985) / needed))}px`;
}

// A whole line is hidden; letters that are taller than their line do not count.
function spills(element) {
  return element.scrollHeight > element.clientHeight + sizeOf(element) / 2;
}

/** Whether something in one line is cut off. */
export function cut(element) {
  return element.clientWidth > 0 && width(element) > element.clientWidth + 1;
}

// Letters get smaller while `wrong` says so.
function shrink(element, wrong, least = readable()) {
  let size = sizeOf(element);
  while (wrong(element) && size > least) {
    size = Math.max(least, size * STEP);
    element.style.fontSize = `${size}px`;
  }
}

/** The text in `element`, which has a limit of lines, is small enough for these lines. */
export function fitLines(element) {
  shrink(element, spills);
}

/** The text in `element` is small enough for it to be as high as `other`, if it can be read then. */
export function fitHeight(element, other) {
  element.style.fontSize = "";
  shrink(element, () => element.offsetHeight > other.offsetHeight + 1);
}

/**
 * What is written on a key stays on it: the other language gives way first, then letters shrink.
 * A word is broken only when it does not fit at the least size.
 */
export function fitKey(key) {
  const said = key.querySelector("span");
  if (!said?.getClientRects().length) return;
  const over = () => said.scrollWidth > said.clientWidth + 1 || spills(said);
  key.classList.remove("bare", "broken");
  said.style.fontSize = "";
  if (over() && !key.matches(".field, .check")) key.classList.add("bare");
  shrink(said, over);
  key.classList.toggle("broken", over());
}

/** A prompt stands in one line while it stays large, else in two. */
export function fitPrompt(element) {
  element.classList.remove("lines");
  fit(element, ONE_LINE_LEAST);
  if (width(element) <= element.clientWidth + 0.1) return;
  element.classList.add("lines");
  fitLines(element);
}

/**
 * Reason and advice fit their box together: first the other language goes, then letters shrink,
 * then the advice keeps one line, then none. The reason keeps its words longest.
 */
export function fitTogether(box, reason, advice) {
  for (const text of [advice, reason]) {
    text.style.fontSize = "";
    text.classList.remove("one", "gone");
    if (spills(text)) text.querySelector("small")?.remove();
  }
  const tooTall = () => reason.offsetHeight + advice.offsetHeight > box.clientHeight * 0.97;
  if (tooTall()) for (const text of [advice, reason]) text.querySelector("small")?.remove();
  for (const text of [advice, reason]) if (tooTall()) shrink(text, tooTall);
  if (tooTall()) {
    advice.classList.add("one");
    reason.style.fontSize = "";
  }
  fitLines(reason);
  fitLines(advice);
  if (tooTall() && reason.offsetHeight > advice.offsetHeight) reason.style.fontSize = `${readable()}px`;
  if (tooTall()) advice.classList.add("gone");
}
