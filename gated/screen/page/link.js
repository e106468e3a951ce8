// The stream of snapshots. Anything that arrives counts as life; three seconds without are a
// lost link. The page keeps trying by itself, for ever.

const SILENCE_MS = 3000;
const CHECK_MS = 250;
const AGAIN_MS = 1500;
let duty = 0; // the spell of duty on the screen: whoever presses does so in its name

/**
 * Calls onSnapshot(snapshot), onBeat(beat) and, when the link goes or comes, onLink(boolean).
 */
export function listen({ onSnapshot, onBeat, onLink }) {
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
    if ((silent || ended) && now - openedAt > AGAIN_MS) open();
  }

  open();
  setInterval(check, CHECK_MS);
}

async function post(path, what) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(what),
    });
    const said = await answer.json();
    return answer.ok ? said : { ...said, error: said.error || "not_sent" };
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
  return post("/login", who);
}

/** Who may log in here: [{number, name, role}]; nobody while the gate does not answer. */
export async function guards() {
  try {
    return (await (await fetch("/guards")).json()).guards;
  } catch {
    return [];
  }
}
