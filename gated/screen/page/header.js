// The line at the top: which gate, which way, what time, who is on duty, whether the centre hears us.

import { put } from "./glyphs.js";
import { at, resign, since } from "./parts.js";
import { first, say, second, TEXTS } from "./texts.js";

const SECONDS = 8; // characters of 14:32:07
const MINUTES = 5;

/** The clock shows the local time of day in `iso`; seconds where there is room for them. */
export function drawClock(iso) {
  const long = document.documentElement.dataset.layout === "wide";
  put(at("clock"), iso.slice(11, 11 + (long ? SECONDS : MINUTES)));
}

function drawLink(link) {
  const badge = at("link");
  badge.hidden = link.state === "none";
  badge.dataset.state = link.state;
  resign(badge, "mark", link.state === "online" ? "link" : "nolink");
  const age = link.state === "online" ? "" : ` ${since(link.since_s)}`;
  if (link.state !== "none") put(badge.querySelector("span"), say(link.state) + age);
}

function drawGuard({ guard, name, log_in: asks }) {
  let said = at("guard").querySelector("span");
  if (!said) at("guard").append((said = document.createElement("span")));
  put(said, guard ? `${say("guard")} ${name || guard}` : say("no_guard"));
  at("guard").classList.toggle("amber", asks && !guard);
}

/** The header shows what `snapshot` says of the gate itself. */
export function drawHeader({ gate, clock, link, duty, round }) {
  const name = { zh: gate.name_zh, en: gate.name_en };
  const { layout } = document.documentElement.dataset;
  const short = layout === "small" || (layout !== "wide" && clock.state !== "synced");
  const other = short ? "" : second(name);
  put(at("gate"), [first(name), other].filter(Boolean).join(" "));
  put(at("direction"), `${TEXTS[gate.direction].zh} ${TEXTS[gate.direction].en}`);
  drawClock(clock.iso);
  put(at("clock-state"), clock.state === "synced" ? "" : say(`clock_${clock.state}`));
  drawGuard(duty);
  at("round-due").hidden = !round?.overdue;
  put(at("round-due"), say("round_due"));
  drawLink(link);
}

/** Nothing is known any more but which gate this is: no time, no guard, no badge. */
export function drawNoHeader() {
  for (const id of ["clock", "clock-state", "guard"]) {
    put(at(id), "");
    delete at(id).dataset.put;
  }
  at("guard").classList.remove("amber");
  at("round-due").hidden = at("link").hidden = true;
}
