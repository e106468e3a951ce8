// How large keys share a dialog: as many on a page as gloved fingers can tell apart.

import { fitKey } from "./fitting.js";
import { say } from "./texts.js";

const SPOTS = "1234567890-+"; // the keys of a keyboard or number pad for the keys of one page
const MOST = 12;
const WIDE = 4; // columns of words; what is narrower than NARROW heights may have more
const NARROW = 1.5;

function shape({ grid, foot, spots, columns, count }) {
  const style = getComputedStyle(grid);
  const gap = parseFloat(style.columnGap) || 0;
  const touch = parseFloat(getComputedStyle(foot.firstElementChild).minHeight) || 1;
  const fits = (length, one) => Math.max(1, Math.floor((length + gap + 1) / (one + gap)));
  const rows = fits(grid.clientHeight, touch);
  const across = fits(grid.clientWidth, touch * spots);
  const most = columns ? Math.min(columns, across) : spots > NARROW ? Math.min(WIDE, across) : across;
  const room = spots > NARROW ? Math.min(MOST, most * rows) : most * rows;
  if (count > room) return { columns: most, rows: Math.ceil(room / most), page: room };
  let fewest = columns ? most : 1;
  while (Math.ceil(count / fewest) > rows && fewest < most) fewest += 1;
  if (spots > NARROW && count > 2 && !columns) fewest = Math.max(fewest, Math.min(2, most));
  return { columns: fewest, rows: Math.max(1, Math.ceil(count / fewest)), page: room };
}

/**
 * The keys stand in the grid, page by page; `state.turn` shows the next page, `state.layout`
 * measures anew. own: for each key whether it already has a key of the keyboard.
 */
export function fill({ state, grid, foot, turn, keys, spots, columns, own }) {
  let page = 0;
  const label = (element, spot) => {
    element.querySelector("kbd")?.remove();
    if (!spot) return;
    const kbd = document.createElement("kbd");
    kbd.textContent = spot;
    element.append(kbd);
    state.keys.set(spot, state.acts.get(element));
  };
  const show = () => {
    turn.hidden = true;
    const { columns: across, rows, page: room } = shape({ grid, foot, spots, columns, count: keys.length });
    const pages = Math.max(1, Math.ceil(keys.length / room));
    page %= pages;
    grid.dataset.columns = across;
    grid.style.gridTemplateColumns = `repeat(${across}, minmax(0, 1fr))`;
    grid.style.gridTemplateRows = `repeat(${rows}, minmax(0, 1fr))`;
    turn.hidden = pages === 1;
    turn.firstElementChild.textContent = `${say("page")} ${page + 1}/${pages}`;
    if (own.includes(false)) for (const spot of SPOTS) state.keys.delete(spot);
    keys.forEach((element, place) => {
      const here = Math.floor(place / room) === page;
      element.hidden = !here;
      if (!own[place]) label(element, here ? SPOTS[place % room] : "");
    });
    for (const key of [...keys, ...foot.children]) fitKey(key);
  };
  state.turn = () => {
    page += 1;
    show();
  };
  state.layout = show;
  state.page = () => page;
  state.show = (number) => {
    page = number;
    show();
  };
  show();
}
