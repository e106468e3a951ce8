// Shows how far the work on a table is, and opens what came of it when it is done.

const part = document.getElementById("work");
const bar = part.querySelector("progress");
const said = part.querySelector("[data-said]");
const PAUSE_MS = 500;

async function ask() {
  const answer = await fetch(part.dataset.from, { redirect: "error" });
  if (!answer.ok) throw new Error("no answer");
  const told = await answer.json();
  if (told.done) {
    location.replace(location.href);
    return true;
  }
  if (said.textContent !== told.said) said.textContent = told.said;
  if (told.share === null) bar.removeAttribute("value");
  else bar.value = told.share;
  return false;
}

async function watch() {
  let done = false;
  try {
    done = await ask();
  } catch {
    // Asked again below: the work goes on without this page.
  }
  if (!done) setTimeout(watch, PAUSE_MS);
}

watch();
