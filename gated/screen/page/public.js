// The screen for the person in front of the gate. It hears a stream of its own, in which there is
// nothing about anybody, and it can order nothing.

import { fitPrompt } from "./fitting.js";
import { TEXTS } from "./words.js";

const SILENCE_MS = 3000;
const CHECK_MS = 250;
const AGAIN_MS = 1500;
const TIP_MS = 10_000;
const LAST_MINUTE = 16; // characters of 2020-02-10T14:32
const at = (id) => document.getElementById(id);
let view = null;
let edition = null;
let heardAt = performance.now();
let openedAt = 0;
let source = null;
let tipAt = 0;

// Both languages always: the first in the gate's own language.
function pair(text) {
  const own = view?.language === "en" ? "en" : "zh";
  const other = own === "en" ? "zh" : "en";
  const words = [text?.[own] || text?.[other] || "", text?.[own] && text[other] !== text[own] ? text[other] : ""];
  return { words, langs: [own, other].map((language) => (language === "en" ? "en" : "zh-Hans")) };
}

function write(elements, text) {
  const { words, langs } = pair(text);
  elements.forEach((element, place) => {
    if (element.textContent !== words[place]) element.textContent = words[place];
    element.lang = langs[place];
  });
}

function ask(element) {
  if (!element.firstChild) element.append(document.createElement("b"), document.createElement("small"));
  write([...element.children], TEXTS[element.dataset.text]);
}

function drawProgress(percent) {
  at("progress").setAttribute("aria-valuenow", String(percent));
  at("progress").setAttribute("aria-label", TEXTS.progress.zh);
  at("progress").firstElementChild.style.transform = `translateX(${percent - 100}%)`;
}

function drawFooter() {
  const tips = view?.shown === "idle" ? view.tips : [];
  at("tip").textContent = tips.length ? pair(tips[tipAt % tips.length]).words.filter(Boolean).join(" · ") : "";
  at("kept").textContent = pair(view?.notice ?? TEXTS.idle_privacy).words.filter(Boolean).join(" · ");
}

function drawClock(iso) {
  at("clock").textContent = iso.slice(11, LAST_MINUTE);
}

function draw() {
  const { gate, shown, sign, text, progress_pct: percent, clock, panel } = view;
  document.documentElement.dataset.night = panel.night ? "on" : "off";
  document.documentElement.lang = view.language === "en" ? "en" : "zh-Hans";
  at("gate").textContent = pair({ zh: gate.name_zh, en: gate.name_en }).words.filter(Boolean).join(" ");
  at("direction").textContent = pair(TEXTS[gate.direction]).words.join(" ");
  drawClock(clock);
  at("shape").querySelector("use").setAttribute("href", `#shape-${sign}`);
  for (const element of document.querySelectorAll("[data-text]")) ask(element);
  write([at("text"), at("other")], text);
  drawProgress(percent);
  drawFooter();
  document.body.dataset.shown = shown;
  fitPrompt(at("text"));
  document.body.dataset.drawn = clock;
}

// Nobody knows how the gate is: no "pass" and no "stop" may stay.
function drawNoLink() {
  document.body.dataset.shown = "fault";
  at("shape").querySelector("use").setAttribute("href", "#shape-fault");
  at("clock").textContent = "";
  write([at("text"), at("other")], TEXTS.public_no_link);
  drawFooter();
  fitPrompt(at("text"));
}

function open() {
  source?.close();
  openedAt = performance.now();
  source = new EventSource("/public/events");
  source.addEventListener("view", (event) => {
    heardAt = performance.now();
    view = JSON.parse(event.data);
    draw();
  });
  source.addEventListener("beat", (event) => {
    const beat = JSON.parse(event.data);
    edition ??= beat.page;
    if (edition !== beat.page) location.reload();
    heardAt = performance.now();
    if (view) drawClock(beat.clock);
    if (view && document.body.dataset.shown !== view.shown) draw(); // heard again
  });
}

setInterval(() => {
  const now = performance.now();
  const silent = now - heardAt > SILENCE_MS;
  if (silent) drawNoLink();
  if ((silent || source.readyState === EventSource.CLOSED) && now - openedAt > AGAIN_MS) open();
}, CHECK_MS);
setInterval(() => {
  tipAt += 1;
  drawFooter();
}, TIP_MS);
addEventListener("resize", () => fitPrompt(at("text")));
drawNoLink();
open();
