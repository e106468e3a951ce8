// The technician's calibration: what the gate's program knows, drawn; it alone keeps anything.

import { knows, make, say, show, shown } from "./lang.js";
import { get, post, Refused } from "./talk.js";
import * as contact from "./contact.js";
import { live as fill, VIEWS } from "./views.js";

const LIVE_MS = 300;
const CHOSEN = ["measure", "pairs", "pair", "fit", "confirm", "anew"];
const main = document.getElementById("main");
const [back, next, notice] = ["back", "next", "notice"].map((id) => document.getElementById(id));
let state = null;
let live = null;
let view = "measure";
let chosen = -1; // the pair being looked at
let busy = false;

function tell(word) {
  notice.hidden = !word;
  notice.textContent = word;
}

function words(refused) {
  const code = refused instanceof Refused ? refused.code : "no_answer";
  return say(knows(code) ? code : "not_done");
}

/** What is drawn: some phases have a view of their own, the others let the technician choose. */
function current() {
  const { phase } = state;
  if (phase === "refused" && view === "anew") return view;
  if (["refused", "written", "left"].includes(phase)) return phase;
  return phase === "ready" && CHOSEN.includes(view) ? view : "measure";
}

const act = {
  go(to, place = -1) {
    view = to;
    chosen = place;
    tell("");
    draw();
    main.scrollTop = 0;
  },
  get place() {
    return chosen;
  },
  order,
  correct(place) {
    contact.ask("pair", say("contact_again"), say("back"), {
      took: (typed) => order("correct", { place, contact: typed }, "pairs"),
      left: () => {
        setTimeout(draw); // what happened meanwhile
        return true;
      },
    });
  },
};

/** How it is now, unless something newer is known already. */
async function refresh() {
  const fresh = await get("state");
  if (busy || fresh.number < state.number) return;
  state = fresh;
  draw();
}

/** Do something; `to`: the view to go to once it is done. Returns whether it was. */
async function order(path, fields = {}, to = "") {
  if (busy) return false;
  busy = true;
  tell("");
  try {
    state = await post(path, { number: state.number, ...fields });
    if (to) view = to;
    return true;
  } catch (refused) {
    if (refused.code === "stale_page") location.reload();
    if (!contact.wrong(words(refused))) tell(words(refused));
    setTimeout(() => refresh().catch(() => {})); // what is newer than this page
    return false;
  } finally {
    busy = false;
    draw();
  }
}

function button(element, wanted) {
  element.hidden = !wanted;
  element.textContent = wanted ? wanted.word : "";
  element.disabled = Boolean(wanted?.off);
  element.onclick = wanted ? wanted.run : null;
}

function counted(people) {
  return people < state.people_min ? `${people}/${state.people_min}` : say("people_n", people);
}

function draw() {
  const name = current();
  const made = VIEWS[name](state, act);
  document.body.dataset.view = name;
  document.body.dataset.phase = state.phase;
  document.getElementById("question").textContent = say(`t_${name}`);
  const { session } = state;
  document.getElementById("place").textContent = session ? counted(session.pairs.length) : "";
  document.getElementById("switch").textContent = shown() === "zh" ? "English" : "中文";
  document.querySelector("footer").hidden = name === "left";
  main.replaceChildren(...made.parts.filter(Boolean));
  button(back, made.back);
  button(next, made.next);
  if (live) fill(main, live, state);
  if (state.phase !== "typing" && contact.isOpen("wrist")) contact.close();
  // With a keyboard it goes on with Enter, person after person.
  const at = document.activeElement;
  const nowhere = at === document.body || !at.checkVisibility();
  if (name === "measure" && made.next && nowhere) next.focus();
  if (state.phase === "typing" && !contact.isOpen()) {
    const skin = (state.wrist.skin_mc / 1000).toFixed(2);
    contact.ask("wrist", say("contact_label", skin), say("leave_out"), {
      took: (typed) => order("contact", { contact: typed }),
      left: () => order("leave"),
    });
  }
}

async function looking() {
  try {
    live = await get("live");
    if (!busy && state.number !== live.number) await refresh();
    fill(main, live, state);
    if (notice.dataset.gone) tell((notice.dataset.gone = ""));
  } catch (refused) {
    tell(words(refused));
    notice.dataset.gone = "yes";
  }
  if (state.phase !== "left") setTimeout(looking, LIVE_MS);
}

document.getElementById("switch").addEventListener("click", () => {
  show(shown() === "zh" ? "en" : "zh");
  history.replaceState(null, "", `#${shown()}`);
  draw();
});

show(location.hash === "#en" || location.hash === "#zh" ? location.hash.slice(1) : document.documentElement.dataset.language);
try {
  state = await get("state");
  draw();
  looking();
} catch (refused) {
  main.replaceChildren(make("p", { class: "fault" }, words(refused)));
}
