// Text on the page: always textContent, and a character that no font can draw becomes a box
// with its code point, so that the guard reads the card instead of guessing.

const MISSING = "\u{10FFFD}"; // private use, plane 16: no font draws it
const SIZE = 24;
const REMEMBERED = 4096; // one roster's worth of rare characters
const drawable = new Map();
let pencil = null;
let missing = null;

function pixels(character) {
  if (!pencil) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIZE * 2;
    pencil = canvas.getContext("2d", { willReadFrequently: true });
    pencil.font = `${SIZE}px ${getComputedStyle(document.body).fontFamily}`;
    pencil.textBaseline = "middle";
  }
  pencil.clearRect(0, 0, SIZE * 2, SIZE * 2);
  pencil.fillText(character, 4, SIZE);
  return new Uint32Array(pencil.getImageData(0, 0, SIZE * 2, SIZE * 2).data.buffer);
}

function same(one, other) {
  return one.every((pixel, place) => pixel === other[place]);
}

/** Whether some font on this machine has a picture of `character`. */
export function hasGlyph(character) {
  if (character.codePointAt(0) < 0x250) return true; // Latin is in every font
  let known = drawable.get(character);
  if (known === undefined) {
    missing ??= pixels(MISSING);
    const drawn = pixels(character);
    known = !same(drawn, missing) && (drawn.some((pixel) => pixel) || /\s/u.test(character));
    if (drawable.size >= REMEMBERED) drawable.clear();
    drawable.set(character, known);
  }
  return known;
}

function box(character) {
  const element = document.createElement("span");
  const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  element.className = "nodraw";
  element.title = `U+${code}`;
  const half = Math.ceil(code.length / 2);
  for (const part of [code.slice(0, half), code.slice(half)]) {
    element.append(Object.assign(document.createElement("i"), { textContent: part }));
  }
  return element;
}

// Marks that turn the direction of what follows: a name must not reorder the line it stands in.
const TURNING = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** `element` shows exactly `text`, nothing of it read as markup or as a direction to write in. */
export function put(element, given) {
  const text = given.replace(TURNING, "");
  if (element.dataset.put === text) return;
  element.dataset.put = text;
  element.textContent = "";
  let run = "";
  for (const character of text) {
    if (hasGlyph(character)) {
      run += character;
      continue;
    }
    element.append(run, box(character));
    run = "";
  }
  element.append(run);
}
