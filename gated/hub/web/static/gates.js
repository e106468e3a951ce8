// Swaps the part of the page that changes whenever live.js says that a gate did. What somebody
// types stands outside that part; a link in it that had the focus has it again afterwards.

const part = document.querySelector("[data-fragment]");
let asking = false;
let again = false;

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(part.dataset.fragment, { redirect: "error" });
    if (answer.ok) swap(await answer.text());
  } catch {
    // The next change asks again; the header says when the hub is out of reach.
  } finally {
    asking = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

function swap(text) {
  const held = part.contains(document.activeElement) ? document.activeElement : null;
  const href = held?.getAttribute("href");
  const scrolled = held?.matches(".scroll") ? held.scrollLeft : null;
  part.innerHTML = text;
  if (href) part.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
  if (scrolled !== null) {
    const table = part.querySelector(".scroll");
    table?.focus({ preventScroll: true });
    if (table) table.scrollLeft = scrolled;
  }
}

if (part) document.addEventListener("gated:gates", refresh);
