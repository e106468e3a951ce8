// The stream of snapshots. Anything that arrives counts as life; three seconds without are a
// lost link. The page keeps trying by itself, for ever.

import { dialog } from "./dialogs.js";
import { make } from "./parts.js";
import { say } from "./texts.js";

const SILENCE_MS = 3000;
const CHECK_MS = 250;
const AGAIN_MS = 1500;
const LOGIN_PAGE = "/login.html";
let duty = 0; // the spell of duty on the screen: whoever presses does so in its name
const TYPED = ["form", "pad", "text", "pick", "checklist"]; // dialogs with what somebody typed
let asking = null; // the dialog that asks for a new log-in
let asked = false; // it was shown since the log-in ended
let token = ""; // every order carries it: a page elsewhere cannot know it

/**
 * Calls onSnapshot(snapshot), onBeat(beat) and, when the link goes or comes, onLink(boolean).
 * onMe({number, name, role} or null): who is logged in here, null at the gate itself.
 */
export function listen({ onSnapshot, onBeat, onLink, onMe }) {
  let heardAt = performance.now();
  let openedAt = 0;
  let linked = null;
  let source = null;

  function heard() {
    heardAt = performance.now();
    if (linked !== true) onLink((linked = true));
  }

  function open() {
    source?.close();
    openedAt = performance.now();
    source = new EventSource("/events");
    source.addEventListener("token", (event) => {
      const told = JSON.parse(event.data);
      token = told.token;
      onMe(told.me);
    });
    source.addEventListener("snapshot", (event) => {
      const snapshot = JSON.parse(event.data);
      duty = snapshot.duty.number;
      onSnapshot(snapshot);
      heard();
    });
    source.addEventListener("beat", (event) => {
      onBeat(JSON.parse(event.data));
      heard();
    });
  }

  function check() {
    const now = performance.now();
    const silent = now - heardAt > SILENCE_MS;
    if (silent && linked !== false) onLink((linked = false));
    const ended = source.readyState === EventSource.CLOSED;
    if ((silent || ended) && now - openedAt > AGAIN_MS) {
      if (ended) renewed(); // a stream does not say why it was refused
      open();
    }
  }

  open();
  setInterval(check, CHECK_MS);
}

// The log-in is over: the page goes, unless somebody would have to type it all again.
function leave(ask = true) {
  if (!dialog.open || !TYPED.includes(dialog.className)) location.replace(LOGIN_PAGE);
  else if (ask && !asking) askAgain();
}

// Logging in happens beside this page; what it sends next finds the new log-in.
function askAgain() {
  asked = true;
  asking = make("dialog", "again");
  asking.setAttribute("aria-label", say("log_in_again"));
  const head = make("div", "head");
  head.append(make("h2", "", say("log_in_again")));
  const words = make("div", "words");
  words.append(make("p", "", say("typed_is_kept")));
  const back = make("button", "cancel", say("back"));
  const logIn = make("button", "confirm", say("log_in"));
  back.addEventListener("click", () => asking.close());
  logIn.addEventListener("click", () => {
    open(LOGIN_PAGE, "_blank", "noopener");
    asking.close();
  });
  const row = make("div", "row");
  row.append(back, logIn);
  asking.append(head, words, row);
  // The dialog below hears no key meanwhile.
  for (const key of ["keydown", "keyup"]) asking.addEventListener(key, (event) => event.stopPropagation());
  asking.addEventListener("close", () => {
    asking.remove();
    asking = null;
  });
  document.body.append(asking);
  asking.showModal();
}

// The gate was started anew under this page, or the log-in is over.
async function renewed() {
  try {
    const answer = await fetch("/token");
    if (answer.status === 401) leave(!asked);
    if (!answer.ok) return false;
    ({ token } = await answer.json());
    asked = false;
    asking?.close();
    return true;
  } catch {
    return false;
  }
}

async function sent(path, what) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Gated-Token": token },
    body: JSON.stringify(what),
  });
  const said = await answer.json();
  if (answer.status === 401) leave();
  return answer.ok ? said : { ...said, error: said.error || "not_sent" };
}

async function post(path, what) {
  try {
    const said = await sent(path, what);
    return said.error === "stale_page" && (await renewed()) ? await sent(path, what) : said;
  } catch {
    return { error: "not_sent" };
  }
}

function signed(what) {
  return duty ? { ...what, duty } : what;
}

/** Sends one order; resolves to {ok}, or to {error, field} with a word or sentence why not. */
export async function order(action) {
  return post("/act", signed(action));
}

/** Sends one report; resolves to {ok, recorded}, or to {error, field}. */
export async function report(what) {
  return post("/report", signed(what));
}

/** Sends a staff number and a PIN; resolves to {ok}, or to {error, wait_s}. */
export async function logIn(who) {
  const said = await post("/login", who);
  if (said.token) token = said.token;
  return said;
}

/** Ends the log-in of this device; the log-in page is there, or {error}. */
export async function logOut() {
  const said = await post("/logout", {});
  if (!said.error) location.replace(LOGIN_PAGE);
  return said;
}

/** Who may log in here: [{number, name, role}]; nobody while the gate does not answer. */
export async function guards() {
  try {
    return (await (await fetch("/guards")).json()).guards;
  } catch {
    return [];
  }
}

/** Who lives in a room, or with the person of a visit; resolves to {people}, or to {error}. */
export async function find(whom) {
  return post("/find", signed(whom));
}

/** A dialog is open for this visit: the gate waits with its end. Nobody minds if it is lost. */
export async function attend(visit) {
  return post("/attend", signed({ visit }));
}

/** One of the people found stands at the gate; resolves to {ok}, or to {error}. */
export async function identify(whom) {
  return post("/identify", signed(whom));
}

/** The spell of duty in numbers, or {error}. */
export async function summary() {
  try {
    const answer = await fetch("/summary");
    return answer.ok ? await answer.json() : { error: "not_sent" };
  } catch {
    return { error: "not_sent" };
  }
}
