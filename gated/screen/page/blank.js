// A dark page in quiet hours, for kiosks that ask for it behind the address: #blank=10 is ten
// minutes. Whatever is not idle lights it again, and so does a touch, which then does nothing else.

const CHECK_MS = 1000;
const minutes = Number(new URLSearchParams(location.hash.slice(1)).get("blank"));

function watch(quietMs) {
  const cover = document.createElement("div");
  const banner = document.getElementById("banner");
  let told = "";
  let since = performance.now();
  cover.id = "blank";
  cover.hidden = true;
  document.body.append(cover);

  function wake(event) {
    since = performance.now();
    if (cover.hidden) return;
    cover.hidden = true;
    event?.stopImmediatePropagation();
    event?.preventDefault();
  }

  function check() {
    const news = banner.textContent !== told; // a message of the centre wants to be read
    told = banner.textContent;
    const busy = document.body.dataset.mode !== "idle" || document.querySelector("dialog[open]");
    if (news || busy) wake();
    else cover.hidden = performance.now() - since < quietMs;
  }

  // The cover takes the touch and the click that follows it; keys go to the window.
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, true);
  new MutationObserver(check).observe(document.body, { attributeFilter: ["data-mode"] });
  setInterval(check, CHECK_MS);
}

if (minutes > 0) watch(minutes * 60_000);
