// The wizard of a gate's first start: one step after the other, the answers kept by the gate's
// program alone, so that a reloaded page and a second browser show the same.

import { knows, make, say, show, shown, sign } from "./lang.js";
import { STEPS } from "./steps.js";
import { get, post, Refused } from "./talk.js";
import { leave } from "./trial.js";

const OFTEN_MS = 2000; // how soon a cable that was plugged in is on the list
const GATE_MS = 2000; // how often the gate's own screen is looked for at the end

const main = document.getElementById("main");
const back = document.getElementById("back");
const next = document.getElementById("next");
const notice = document.getElementById("notice");
let state = null;
let at = 0;
let local = {}; // what the present step remembers: nothing of it outlasts the step
let busy = false;
let primary = null; // what the large key does, where it is not to go on
let round = 0; // counts drawings, so that a timer of an older one does nothing

function steps() {
  return STEPS.filter((step) => !step.asked || step.asked(state));
}

function tell(word) {
  notice.hidden = !word;
  notice.textContent = word;
}

function told(refused) {
  const code = refused instanceof Refused ? refused.code : "no_answer";
  tell(say(knows(code) ? code : "not_done"));
}

const act = {
  get local() {
    return local;
  },
  set(news) {
    local = { ...local, ...news };
    draw();
  },
  give: (answers) => order("answer", { answers }),
  async join(address, code) {
    if (local.busy) return;
    act.set({ busy: true });
    await order("join", { address, code });
    if (local.busy) act.set({ busy: false });
  },
  async refresh() {
    state = await get("state");
    buttons();
  },
  often() {
    const mine = round;
    setTimeout(async () => {
      if (mine !== round) return;
      try {
        const fresh = await get("state");
        if (mine !== round) return;
        const same = JSON.stringify(fresh.found) === JSON.stringify(state.found);
        state = fresh;
        if (same) act.often();
        else draw();
      } catch (refused) {
        told(refused);
        if (mine === round) act.often();
      }
    }, OFTEN_MS);
  },
  ask(question) {
    document.getElementById("question").textContent = question;
  },
  primary(word, ready, run) {
    primary = { ready, run };
    next.textContent = word;
    buttons();
  },
  again: draw,
  stop: leave,
  failed: told,
};

async function order(path, fields) {
  if (busy) return false;
  busy = true;
  tell("");
  try {
    state = await post(path, { number: state.number, ...fields });
    return true;
  } catch (refused) {
    if (refused.code === "stale_page") location.reload();
    if (["changed_elsewhere", "already_written"].includes(refused.code)) state = await get("state");
    told(refused);
    return false;
  } finally {
    busy = false;
    if (state.written) ended();
    else draw();
  }
}

function buttons() {
  const list = steps();
  back.disabled = at === 0 || busy;
  next.disabled = primary ? !primary.ready : !list[at].ready(state);
}

function draw() {
  const list = steps();
  at = Math.min(at, list.length - 1);
  const step = list[at];
  round += 1;
  primary = null;
  leave();
  document.getElementById("question").textContent = say(`q_${step.name}`);
  document.getElementById("place").textContent = `${at + 1}/${list.length}`;
  document.body.dataset.step = step.name;
  back.textContent = say("back");
  document.getElementById("switch").textContent = shown() === "zh" ? "English" : "中文";
  next.textContent = say(step.name === "summary" ? "write" : "next");
  step.draw(main, state, act);
  buttons();
}

async function go(to) {
  if (busy) return;
  busy = back.disabled = next.disabled = true;
  at = Math.max(0, to);
  local = {};
  tell("");
  leave();
  try {
    state = await get("state"); // what was tried meanwhile, what was plugged in
  } catch (refused) {
    told(refused);
  } finally {
    busy = false;
  }
  draw();
  main.scrollTop = 0;
}

function ended() {
  leave();
  round += 1;
  document.body.dataset.step = "end";
  document.getElementById("question").textContent = say("q_end");
  document.getElementById("place").textContent = "";
  document.querySelector("footer").hidden = true;
  const commands = ["sudo -u gated gated check", "sudo systemctl enable --now gated"];
  if (!state.joined) commands.unshift("sudo -u gated gated roster import FILE");
  main.replaceChildren(
    make(
      "div",
      { class: "end" },
      sign("ok"),
      make(
        "div",
        {},
        make("h2", {}, say("written")),
        state.joined ? "" : make("p", {}, say("back_up")),
        make("p", {}, say("then")),
        ...commands.map((command) => make("p", {}, make("code", {}, command))),
      ),
    ),
  );
  setInterval(gateAnswers, GATE_MS);
}

/** The gate's own screen comes to the same address; then this page makes way for it. */
async function gateAnswers() {
  try {
    const health = await (await fetch("healthz", { cache: "no-store" })).json();
    if (!health.setup) location.replace("/");
  } catch {
    return; // it has not been started yet
  }
}

back.addEventListener("click", () => {
  if (local.joining || local.typing || local.choosing) go(at);
  else go(at - 1);
});
next.addEventListener("click", () => {
  if (primary) primary.run();
  else if (document.body.dataset.step === "summary") order("finish", {});
  else go(at + 1);
});
document.getElementById("switch").addEventListener("click", () => {
  show(shown() === "zh" ? "en" : "zh");
  order("answer", { answers: { language: shown() } });
});

try {
  state = await get("state");
  show(state.answers.language);
  if (state.written) ended();
  else draw();
} catch (refused) {
  told(refused);
}
