// A snapshot becomes what the guard sees. Reads the snapshot, writes the page, keeps nothing.

import { fit, put } from "./glyphs.js";
import { first, say, second, TEXTS } from "./texts.js";

const BANDS = ["allow", "note", "check", "stop", "fault"];
const MARKS = { ALLOW: "ok", ALLOW_NOTE: "note", CHECK: "warn", STOP: "fail" };
const PART_MARKS = { ok: "ok", warn: "warn", fail: "fail", off: "off" };
const SEVERITY = ["fail", "warn", "ok", "off"];
const CELLS = 5; // the sixth is the backlog
const at = (id) => document.getElementById(id);

/** An element of this kind and class that shows `text`. */
export function make(kind, className, text = "") {
  const element = document.createElement(kind);
  if (className) element.className = className;
  if (text) put(element, text);
  return element;
}

/** A small sign. */
export function mark(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `mark ${name}`);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#mark-${name}`);
  svg.append(use);
  return svg;
}

function both(element, text) {
  element.replaceChildren(make("b", "", first(text)));
  const other = second(text);
  if (other) element.append(make("small", "", other));
}

function since(seconds) {
  if (seconds < 60) return say("seconds", seconds);
  if (seconds < 7200) return say("minutes", Math.floor(seconds / 60));
  return say("hours", Math.floor(seconds / 3600));
}

/** The header's clock shows the local time of day in `iso`. */
export function drawClock(iso) {
  put(at("clock"), iso.slice(11, 19));
}

function drawHeader(snapshot) {
  const { gate, clock, link } = snapshot;
  put(at("gate"), [first({ zh: gate.name_zh, en: gate.name_en }), second({ zh: gate.name_zh, en: gate.name_en })].join(" "));
  put(at("direction"), `${TEXTS[gate.direction].zh} ${TEXTS[gate.direction].en}`);
  drawClock(clock.iso);
  put(at("clock-state"), clock.state === "synced" ? "" : say(`clock_${clock.state}`));
  const { guard, name, log_in: asks } = snapshot.duty;
  put(at("guard"), guard ? `${say("guard")} ${name || guard}` : say("no_guard"));
  at("guard").classList.toggle("amber", asks && !guard);
  const badge = at("link");
  badge.hidden = link.state === "none";
  badge.dataset.state = link.state;
  badge.querySelector("use").setAttribute("href", link.state === "online" ? "#mark-link" : "#mark-nolink");
  const age = link.state === "online" ? "" : ` ${since(link.since_s)}`;
  if (link.state !== "none") put(badge.querySelector("span"), say(link.state) + age);
}

function drawPerson(person) {
  at("person").hidden = !person;
  put(at("earlier"), first(person?.last));
  if (!person) return;
  put(at("name"), person.name);
  put(at("room"), person.room);
  put(at("category"), first(person.category));
}

function drawTemperature(temperature) {
  at("temperature").hidden = !temperature;
  if (!temperature) return;
  put(at("degrees"), temperature.text ? `${temperature.text} ℃` : "");
  const { site, state } = temperature;
  const where = [first(site), second(site)].filter(Boolean).join(" ");
  put(at("site"), [where, first(state)].filter(Boolean).join(" · "));
}

function drawWord(band, word) {
  at("shape").querySelector("use").setAttribute("href", `#shape-${band}`);
  put(at("word"), first(word));
  put(at("word-second"), second(word));
}

function drawVerdict(verdict) {
  drawWord(verdict.band, verdict.word);
  drawPerson(verdict.person);
  drawTemperature(verdict.temperature);
  at("note").hidden = !verdict.note;
  both(at("note").querySelector("span"), verdict.note);
  at("not-recorded").hidden = verdict.recorded;
  both(at("not-recorded").querySelector("span"), TEXTS.not_recorded);
  both(at("reason"), verdict.reason);
  both(at("advice"), verdict.advice);
  put(at("waiting"), verdict.awaiting_guard ? say("awaiting") : "");
}

function drawFault(fault) {
  drawWord("fault", fault.word);
  drawPerson(null);
  drawTemperature(null);
  at("note").hidden = true;
  at("not-recorded").hidden = true;
  both(at("reason"), fault.reason);
  both(at("advice"), fault.advice);
  put(at("waiting"), "");
}

function drawMeasuring(measuring) {
  const missing = measuring.missing === "temperature" ? "wrist" : "card";
  at("measuring").querySelector("use").setAttribute("href", `#shape-${missing}`);
  put(at("prompt"), first(measuring.prompt));
  put(at("prompt-second"), second(measuring.prompt));
  const bar = at("progress");
  bar.setAttribute("aria-valuenow", String(measuring.progress_pct));
  bar.firstElementChild.style.transform = `scaleX(${measuring.progress_pct / 100})`;
  drawLeft(measuring.deadline_ms);
  const { person } = measuring;
  const who = person && [person.name, person.room, first(person.category), first(person.last)].filter(Boolean).join(" · ");
  at("reason").replaceChildren(make("b", "", who ? `${say("recognised")} ${who}` : first(measuring.prompt)));
  both(at("advice"), missing === "wrist" ? TEXTS.hold_still : TEXTS.show_credential);
  put(at("waiting"), "");
}

/** What is left of an open visit's time. */
export function drawLeft(ms) {
  put(at("left"), say("seconds_left", Math.max(0, Math.ceil(ms / 1000))));
}

function drawIdle() {
  for (const element of document.querySelectorAll("[data-text]")) both(element, TEXTS[element.dataset.text]);
  both(at("reason"), TEXTS.idle_reason);
  at("advice").replaceChildren(make("b", "", say("idle_privacy")));
  put(at("waiting"), "");
}

function drawLast(last) {
  at("last").replaceChildren(...last.map(passage));
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
  element.append(mark(PART_MARKS[state] ?? "off"), make("b", "", label), make("i", "", word));
  return element;
}

function drawHealth(health, link) {
  const worst = [...health].sort((a, b) => SEVERITY.indexOf(a.state) - SEVERITY.indexOf(b.state));
  const shown = new Set(worst.slice(0, CELLS));
  const cells = health.filter((part) => shown.has(part)).map((part) => cell(part.state, first(part.label), first(part.word)));
  const queue = cell(link.backlog ? "off" : "ok", say("backlog"), "");
  queue.classList.add("queue");
  queue.replaceChildren(make("b", "", say("backlog")), make("b", "count", String(link.backlog)));
  at("health").replaceChildren(...cells, queue);
}

function drawActions(snapshot, linked) {
  for (const button of document.querySelectorAll(".act")) {
    const { kind, key } = button.dataset;
    button.replaceChildren(make("span", "", say(kind ?? button.dataset.say)), make("kbd", "", key));
    if (!kind) continue;
    button.disabled = !linked || !snapshot.enabled.includes(kind);
    button.classList.toggle("suggested", snapshot.suggested === kind);
  }
}

function fitAll() {
  for (const element of document.querySelectorAll(".word, .ask b")) fit(element);
  fit(at("name"), 0.55); // 25 px at 800 x 480: the least a guard reads at arm's length
  // Half a word in the other language helps nobody.
  const other = at("word-second");
  other.style.visibility = "";
  if (other.scrollWidth > other.clientWidth) other.style.visibility = "hidden";
}

// The centre's words take the place of the last passages; a tap shows them in both languages.
function drawBanner(banner, message) {
  const said = message ? [first(banner)] : [first(banner), second(banner)];
  put(at("notice"), said.filter(Boolean).join(" · "));
  put(at("message"), first(message));
  document.body.classList.toggle("bannered", Boolean(banner ?? message));
  document.body.classList.toggle("messaged", Boolean(message));
}

/** The page shows that nothing is heard from the gate; no name, no verdict, no button. */
export function drawNoLink() {
  document.body.dataset.mode = "nolink";
  document.body.dataset.band = "fault";
  drawBanner(null, null);
  at("last").replaceChildren();
  at("health").replaceChildren();
  at("link").hidden = true;
  drawFault({ word: TEXTS.no_link, reason: TEXTS.no_link_reason, advice: TEXTS.no_link_advice });
  drawActions({ enabled: [], suggested: "" }, false);
  fitAll();
}

/** The page shows `snapshot`. */
export function draw(snapshot) {
  const { mode, verdict } = snapshot;
  const band = mode === "verdict" ? verdict.band : mode === "fault" ? "fault" : "idle";
  document.body.dataset.mode = mode;
  document.body.dataset.band = band === "idle" || BANDS.includes(band) ? band : "fault";
  drawHeader(snapshot);
  drawBanner(snapshot.banner, snapshot.message);
  if (mode === "verdict") drawVerdict(verdict);
  else if (mode === "measuring") drawMeasuring(snapshot.measuring);
  else if (mode === "fault") drawFault(snapshot.fault ?? { word: TEXTS.fault });
  else drawIdle();
  drawLast(snapshot.last);
  drawHealth(snapshot.health, snapshot.link);
  drawActions(snapshot, true);
  fitAll();
}
