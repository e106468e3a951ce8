// Keeps the count of open items fresh and tells the page when gates changed. Other scripts listen
// to `gated:inbox` and `gated:gates` on document; `detail` is what the server said.

const body = document.body;

function showInbox(open) {
  const count = document.querySelector('[data-count="inbox"]');
  if (!count) return;
  const number = count.querySelector(".number");
  const before = Number(number.textContent);
  number.textContent = String(open);
  count.hidden = open === 0;
  const announce = document.querySelector("[data-announce]");
  // Only more is news; what one just answered oneself is not.
  if (announce && open > before) announce.textContent = announce.dataset.announce.replace("{n}", open);
}

function listen(name, also) {
  source.addEventListener(name, (event) => {
    const detail = JSON.parse(event.data);
    if (also) also(detail);
    document.dispatchEvent(new CustomEvent(`gated:${name}`, { detail }));
  });
}

const source = new EventSource(body.dataset.live);
listen("inbox", (detail) => showInbox(detail.open));
listen("gates");
addEventListener("pagehide", () => source.close());
// A page out of the browser's memory is old: ask for it again.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
