// Draws anew where the list has arrived, whenever a gate said something.

const part = document.getElementById("rollout");

async function draw() {
  const answer = await fetch(part.dataset.from, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  part.replaceChildren(...fresh.body.childNodes);
}

if (part) document.addEventListener("gated:gates", () => draw().catch(() => {}));
