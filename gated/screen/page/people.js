// Who stands at the gate, when no card or code says so: found by room, or among those who live with
// the person on the screen. Names arrive masked, and leave the page with the dialog.

import { close, current, note, refusal, sheet, tell } from "./dialogs.js";
import { find, identify } from "./link.js";
import { roomPad } from "./pads.js";
import { first, say } from "./texts.js";

async function chosen(state, visit, pick) {
  if (state.sending) return;
  state.sending = true;
  const answer = await identify({ visit, pick });
  state.sending = false;
  if (answer.error) {
    if (current(state)) note(state, refusal(answer), true);
    else tell(refusal(answer), true);
    return;
  }
  if (current(state)) close();
  tell(`${say("identified")} · ${say("sent")}`);
}

// shown: the newest snapshot; about: the visit whose household it is, 0 for a room's people.
function list(title, people, shown, about, back) {
  let newest = shown;
  const items = people.map(({ pick, name, room, category }) => ({
    text: name,
    small: [room, first(category)].filter(Boolean).join(" · "),
    data: { pick },
    act: () => chosen(state, about || newest.visit, pick),
  }));
  const state = sheet("people", title, {
    items,
    note: say(people.length ? "pick_person" : "nobody_found"),
    visit: about || null,
    back,
    leave: "back",
  });
  // A list that nobody can act on any more does not stay on the page either.
  state.follow = (snapshot) => (snapshot ? (newest = snapshot) : close());
}

/** The room pad is open; then the people who live there. */
export function openFind(snapshot, typed = "") {
  let newest = snapshot;
  const accept = async (room, state) => {
    if (state.sending) return;
    state.sending = true;
    note(state, say("searching"));
    const answer = await find({ room });
    state.sending = false;
    if (!current(state)) return;
    if (answer.error) note(state, refusal(answer), true);
    else list(`${say("find")} ${room}`, answer.people, newest, 0, () => openFind(newest, room));
  };
  const pad = roomPad({ title: say("find"), typed, accept, back: close });
  if (pad) pad.follow = (next) => (newest = next ?? newest);
}

/** The people who live with the person on the screen are listed. */
export async function openMembers(snapshot) {
  const { visit } = snapshot;
  const state = sheet("people", say("members"), { items: [], note: say("searching"), visit });
  const answer = await find({ visit });
  if (!current(state)) return;
  if (answer.error) note(state, refusal(answer), true);
  else list(say("members"), answer.people, snapshot, visit, close);
}
