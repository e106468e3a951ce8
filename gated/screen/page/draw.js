// A snapshot becomes what the guard sees. Reads the snapshot, writes the page, keeps nothing: what
// is not shown any more is not left in the page either.

import { cut, fit, fitPrompt, fitTogether } from "./fitting.js";
import { put } from "./glyphs.js";
import { drawHeader, drawNoHeader } from "./header.js";
import { at, both, lettered, make, mark, MARKS, resign, wipe } from "./parts.js";
import { dropStrips, drawBanner, drawVehicle } from "./strip.js";
import { first, say, second, TEXTS } from "./texts.js";

export { drawClock } from "./header.js";
export { make, mark } from "./parts.js";

const BANDS = ["allow", "note", "check", "stop", "fault"];
const FEVER = ["TEMP_HIGH", "TEMP_CLINICAL_HIGH"];
const SEVERITY = ["fail", "warn", "ok", "off"];
const CELLS = { half: 2 }; // of parts in the health field; one more for the backlog
const MOST_CELLS = 5;
const ORDER = ["remeasure", "manual_pass", "refuse", "clinical"]; // who comes first on a small panel
const FEW = { small: 1, half: 2 }; // keys besides "more"; other layouts show them all
const NAME_LEAST = 0.55; // 25 u: the least a guard reads at arm's length

function layout() {
  return document.documentElement.dataset.layout;
}

function drawPerson(person) {
  at("person").hidden = !person;
  put(at("name"), person?.name ?? "");
  put(at("room"), person?.room ?? "");
  put(at("category"), first(person?.category));
  put(at("earlier"), first(person?.last));
}

function drawTemperature(temperature) {
  at("temperature").hidden = !temperature;
  put(at("degrees"), temperature?.text ? `${temperature.text} ℃` : "");
  const { site, state } = temperature ?? {};
  const other = make("span", "other", second(site) ? ` ${second(site)}` : "");
  const came = make("span", "", first(state) ? ` · ${first(state)}` : "");
  at("site").replaceChildren(...(temperature ? [first(site), other, came] : []));
}

function drawWord(sign, word) {
  resign(at("shape"), "shape", sign);
  put(at("word"), first(word));
  put(at("word-second"), second(word));
}

function drawNote(note, recorded) {
  at("note").hidden = !note;
  both(at("note").querySelector("span"), note);
  at("not-recorded").hidden = recorded;
  both(at("not-recorded").querySelector("span"), recorded ? null : TEXTS.not_recorded);
}

function drawWhy(reason, advice, waiting = "", station = null) {
  both(at("reason"), reason);
  both(at("advice"), advice);
  put(at("waiting"), waiting);
  const phone = station ? [mark("phone"), make("i", "", say("ring")), make("b", "", station.phone)] : [];
  at("station").replaceChildren(...phone);
  at("why").classList.toggle("two", Boolean(waiting && station));
}

function drawVerdict(verdict, station) {
  drawWord(verdict.band, verdict.word);
  drawPerson(verdict.person);
  drawTemperature(verdict.temperature);
  drawNote(verdict.note, verdict.recorded);
  const rings = verdict.verdict === "STOP" || FEVER.includes(verdict.code);
  const waiting = verdict.awaiting_guard ? say("awaiting") : "";
  drawWhy(verdict.reason, verdict.advice, waiting, rings && station?.phone ? station : null);
}

function drawFault(fault, sign = fault.sign ?? "fault") {
  drawWord(sign, fault.word);
  drawPerson(null);
  drawTemperature(null);
  drawNote(null, true);
  drawWhy(fault.reason, fault.advice);
}

function drawMeasuring({ person, missing, prompt, progress_pct: percent, deadline_ms: left }) {
  const wanted = missing === "temperature" ? "wrist" : "card";
  resign(at("measuring"), "shape", wanted);
  put(at("prompt"), first(prompt));
  put(at("prompt-second"), second(prompt));
  const bar = at("progress");
  bar.setAttribute("aria-valuenow", String(percent));
  bar.setAttribute("aria-label", say("progress"));
  bar.firstElementChild.style.transform = `translateX(${percent - 100}%)`;
  drawLeft(left);
  drawWhy(prompt, layout() in FEW ? null : TEXTS[wanted === "wrist" ? "hold_still" : "show_credential"]);
  if (!person) return;
  const who = [person.name, person.room, first(person.category)].filter(Boolean).join(" · ");
  at("reason").replaceChildren(make("b", "", `${say("recognised")} ${who}`), make("small", "", first(person.last)));
}

/** What is left of an open visit's time. */
export function drawLeft(ms) {
  put(at("left"), say("seconds_left", Math.max(0, Math.ceil(ms / 1000))));
}

function drawIdle(tip) {
  for (const element of document.querySelectorAll("[data-text]")) both(element, TEXTS[element.dataset.text]);
  const privacy = { zh: say("idle_privacy") }; // in one language: it is long
  const crowded = layout() === "small" && document.body.matches(".bannered, .vehicled");
  if (layout() in FEW && !crowded) drawWhy(tip ?? privacy, null);
  else drawWhy(tip ?? TEXTS.idle_reason, privacy);
}

/** One earlier passage as a list item: sign, time, name, temperature. */
export function passage(entry) {
  const item = make("li", entry.verdict);
  const said = [entry.time, entry.name || first(entry.reason), entry.temperature];
  item.append(mark(MARKS[entry.verdict] ?? "off"), make("span", "", said.filter(Boolean).join(" ")));
  return item;
}

function cell(state, label, word) {
  const element = make("span", `cell ${state}`);
  element.append(mark(state), make("b", "", label), make("i", "", word));
  return element;
}

/** The parts of the gate, the worst first. */
export function worstFirst(health) {
  return [...health].sort((a, b) => SEVERITY.indexOf(a.state) - SEVERITY.indexOf(b.state));
}

function drawHealth(health, link) {
  const shown = new Set(worstFirst(health).slice(0, CELLS[layout()] ?? MOST_CELLS));
  const cells = health.filter((part) => shown.has(part)).map((part) => {
    const element = cell(part.state, first(part.label), first(part.word));
    element.dataset.part = part.part;
    return element;
  });
  const queue = cell(link.backlog ? "off" : "ok", say("backlog"), "");
  queue.classList.add("queue");
  queue.replaceChildren(make("b", "", say("backlog")), make("b", "count", String(link.backlog)));
  at("health").replaceChildren(...cells, queue);
}

// On a small panel: the suggested order, or else what may be ordered now, or else a call.
function chosen({ suggested, enabled }) {
  const few = FEW[layout()];
  if (!few) return null;
  const able = ORDER.filter((kind) => enabled.includes(kind));
  const first = suggested === "call" || able.includes(suggested) ? [suggested] : [];
  return [...new Set([...first, ...able, "call", "remeasure"])].slice(0, few);
}

function drawActions(snapshot, linked) {
  const few = chosen(snapshot);
  for (const button of document.querySelectorAll(".act")) {
    const { kind, key } = button.dataset;
    button.replaceChildren(lettered(make("span"), say(kind ?? button.dataset.say)), make("kbd", "", key));
    button.classList.toggle("shown", button.id === "more" || !few || few.includes(kind ?? button.id));
    button.disabled = !linked || Boolean(kind && !snapshot.enabled.includes(kind));
    button.classList.toggle("suggested", snapshot.suggested === (kind ?? button.id));
  }
}

// A header with too much in it drops what is told elsewhere too.
function packHeader() {
  const header = document.querySelector("header");
  const edge = header.getBoundingClientRect();
  const outside = (box) => box.width > 0 && (box.right > edge.right + 1 || box.bottom > edge.bottom + 6);
  const over = () => [...header.children].some((child) => outside(child.getBoundingClientRect()));
  header.classList.remove("packed", "tight");
  const alone = !["half", "phone"].includes(layout()); // these have a second line for the rest
  if (over() || (alone && cut(at("gate"))) || cut(at("guard"))) header.classList.add("packed");
  if (over() || cut(at("guard"))) header.classList.add("tight");
}

// The last passage stands beside the person, or one line lower where there is more room.
function placeEarlier() {
  at("person").append(at("earlier"));
  if (cut(at("earlier")) || cut(at("category"))) at("temperature").append(at("earlier"));
}

function fitAll() {
  packHeader();
  if (layout() === "wide" && !at("temperature").hidden) placeEarlier();
  else at("person").append(at("earlier"));
  for (const element of document.querySelectorAll("#word, .ask b")) fit(element);
  fit(at("name"), NAME_LEAST);
  fitPrompt(at("prompt"));
  // Half a word in the other language helps nobody.
  for (const other of [at("word-second"), at("prompt-second")]) {
    other.style.visibility = "";
    if (other.scrollWidth > other.clientWidth) other.style.visibility = "hidden";
  }
  fitTogether(at("why"), at("reason"), at("advice"));
}

function enter(mode, band) {
  document.body.dataset.mode = mode;
  document.body.dataset.band = band;
  for (const section of document.querySelectorAll("#band > section")) {
    const shown = section.id === mode || (section.id === "verdict" && !["idle", "measuring"].includes(mode));
    if (!shown) wipe(section);
  }
}

/** The page shows that nothing is heard from the gate; no name, no verdict, no order. */
export function drawNoLink() {
  enter("nolink", "fault");
  drawNoHeader();
  dropStrips();
  at("last").replaceChildren();
  at("health").replaceChildren();
  drawFault({ word: TEXTS.no_link, reason: TEXTS.no_link_reason, advice: TEXTS.no_link_advice });
  drawActions({ enabled: [], suggested: "" }, false);
  fitAll();
}

/** The page shows `snapshot`; tip: what an idle screen advises just now, or null. */
export function draw(snapshot, tip = null) {
  const { mode, verdict } = snapshot;
  const band = mode === "verdict" ? verdict.band : mode === "fault" ? "fault" : "idle";
  document.documentElement.dataset.night = snapshot.panel.night ? "on" : "off";
  enter(mode, band === "idle" || BANDS.includes(band) ? band : "fault");
  drawHeader(snapshot);
  drawBanner(snapshot);
  drawVehicle(snapshot.vehicle);
  if (mode === "verdict") drawVerdict(verdict, snapshot.station);
  else if (mode === "measuring") drawMeasuring(snapshot.measuring);
  else if (mode === "fault") drawFault(snapshot.fault ?? { word: TEXTS.fault });
  else drawIdle(tip);
  at("last").replaceChildren(...snapshot.last.map(passage));
  drawHealth(snapshot.health, snapshot.link);
  drawActions(snapshot, true);
  fitAll();
  document.body.dataset.drawn = snapshot.clock.iso; // for whoever waits for this picture
}
