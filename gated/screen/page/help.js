// The help page: every part with what to do about it, the way to the centre, whom to ring, the keys,
// what is kept of people. A touch on a faulty part opens it there.

import { begin, dialog, leaving } from "./dialogs.js";
import { passage, worstFirst } from "./draw.js";
import { at, make, mark, since } from "./parts.js";
import { first, say, second, TEXTS } from "./texts.js";

const KEYS = ["F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9"];
const LINK_STATES = { online: "ok", offline: "warn", hub_silent: "warn" };

function row(state, label, word, ...lines) {
  const item = make("li", state);
  const head = make("p", "what");
  head.append(mark(state), make("b", "", label), make("span", "", word));
  item.append(head, ...lines.filter(Boolean).map((line) => make("small", "", line)));
  return item;
}

function partRow(part) {
  const remedy = part.state === "ok" ? "" : first(part.remedy);
  const item = row(part.state, first(part.label), first(part.word), first(part.detail), remedy);
  item.dataset.part = part.part;
  return item;
}

function linkRow({ state, since_s: age }) {
  if (state === "none") return row("off", say("centre"), say("no_centre"));
  const remedy = state === "online" ? "" : say("link_remedy");
  return row(LINK_STATES[state], say("centre"), `${say(state)} ${since(age)}`, remedy);
}

function backlogRow({ backlog, oldest_s: oldest }) {
  const age = backlog ? say("oldest", since(oldest)) : "";
  return row(backlog ? "off" : "ok", say("backlog"), String(backlog), age, backlog ? say("backlog_kept") : "");
}

function words(className, text) {
  const block = make("section", className);
  block.append(make("p", "", first(text)));
  const other = second(text);
  if (other) block.append(make("p", "other", other));
  return block;
}

function titled(title, ...blocks) {
  const section = make("section", "block");
  section.append(make("h3", "", title), ...blocks.filter(Boolean));
  return section;
}

function keyList() {
  const list = make("ul", "key-list");
  for (const key of KEYS) {
    const item = make("li", "");
    item.append(make("kbd", "", key), make("span", "", say(`key_${key}`)));
    list.append(item);
  }
  const three = make("li", "all");
  three.append(make("span", "", say("key_three")));
  list.append(three);
  return list;
}

function station({ name, phone }) {
  const line = make("p", "phone");
  line.append(make("span", "", first(name)), make("b", "", phone));
  return line;
}

// What a small panel has no room for otherwise.
function told({ banner, message, special, last }) {
  const said = [special?.word, banner, message].filter(Boolean).map((text) => words("said", text));
  const list = make("ul", "passages");
  list.append(...last.map(passage));
  const earlier = last.length && !at("last").getClientRects().length ? titled(say("earlier"), list) : null;
  return [said.length ? titled(say("message"), ...said) : null, earlier];
}

/** The help page is open; part: the one that is asked about stands first and is marked. */
export function openHelp(snapshot, part = "") {
  begin("help", say("health"));
  const parts = make("ul", "parts");
  const rows = worstFirst(snapshot.health).map(partRow);
  const asked = rows.find((element) => element.dataset.part === part);
  asked?.classList.add("asked");
  parts.append(...rows, linkRow(snapshot.link), backlogRow(snapshot.link));
  if (asked) parts.prepend(asked);
  const list = make("div", "list");
  list.tabIndex = 0;
  list.setAttribute("role", "region");
  list.setAttribute("aria-label", say("health"));
  list.append(
    parts,
    ...[
      snapshot.station?.phone ? titled(say("ring"), station(snapshot.station)) : null,
      ...told(snapshot),
      titled(say("keys_title"), keyList()),
      titled(say("notice_title"), words("said", snapshot.notice ?? TEXTS.idle_privacy)),
      make("p", "version", `gated ${document.documentElement.dataset.version}`),
    ].filter(Boolean),
  );
  dialog.append(list, leaving("close"));
}
