// How large things are: pixels per millimetre of the panel, the layout that fits, and the unit --u
// that every size of the style sheets is written in.
//
// 89 u are never less than 12 mm, a key for a gloved finger, and 20 u never less than the 2.7 mm
// that can be read at arm's length: the layout follows from that and not from the pixels alone.

const MM_PER_IN = 25.4;
const HAND_PX_PER_MM = 160 / MM_PER_IN; // CSS pixels of a phone, by the definition of its browser
const DESK_PX_PER_MM = 96 / MM_PER_IN;
const DENSEST = 14; // px/mm; no panel of a gate is finer: somebody opened the page on a large screen
const KEY_MM = 12;
const KEY_U = 89;
const WIDE = [800, 480];
const SMALL = [548, 366];
const HALF = [404, 485];
const PHONE = [390, 740];

// Half of a panel beside another lane: the page around us says how large the panel is.
function panel() {
  const told = new URLSearchParams(location.hash.slice(1)).get("panel") ?? "";
  const [width, height] = told.split("x").map(Number);
  return width > 0 && height > 0 ? [width, height] : [innerWidth, innerHeight];
}

function pxPerMm(diagonalIn) {
  const inHand = matchMedia("(pointer: coarse)").matches && devicePixelRatio >= 1.5;
  if (inHand) return HAND_PX_PER_MM;
  const density = Math.hypot(...panel()) / (diagonalIn * MM_PER_IN);
  return density > DENSEST ? DESK_PX_PER_MM : density;
}

function scale([width, height]) {
  return Math.min(innerWidth / width, innerHeight / height);
}

/** The layout for a window of this size: wide, small, half or phone. least: u in pixels. */
function layoutFor(least) {
  if (innerWidth < innerHeight) return scale(PHONE) >= least * 0.99 ? "phone" : "half";
  return scale(WIDE) >= least * 0.99 ? "wide" : "small";
}

/** Writes --mm, --touch and --u and the name of the layout for a panel of this diagonal. */
export function size(diagonalIn) {
  const mm = pxPerMm(diagonalIn);
  const layout = layoutFor((KEY_MM * mm) / KEY_U);
  const root = document.documentElement;
  const u = scale({ wide: WIDE, small: SMALL, half: HALF, phone: PHONE }[layout]);
  root.dataset.layout = layout;
  root.style.setProperty("--mm", `${mm}px`);
  root.style.setProperty("--touch", `${KEY_MM * mm}px`);
  root.style.setProperty("--u", `${u}px`);
}
