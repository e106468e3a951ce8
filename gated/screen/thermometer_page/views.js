// What each view shows: {parts, back, next}, drawn of the state alone; `live` fills in readings.

import { knows, make, say, shown, sign, tile } from "./lang.js";

const c = (mc, digits = 2) => (mc === null || mc === undefined ? "–" : (mc / 1000).toFixed(digits));
const signed = (mc, digits = 2) => `${mc < 0 ? "−" : "+"}${c(Math.abs(mc), digits)}`;
const milli = (value) => (value / 1000).toFixed(3);
const READINGS = ["object_mc", "background_mc", "surroundings_mc"];

function line(good, word, note) {
  return make("li", { "data-state": good ? "ok" : "warn" }, sign(good ? "ok" : "warn"), make("div", {}, word, note ? make("small", {}, note) : ""));
}

function list(...lines) {
  return make("ul", { class: "sum" }, ...lines.filter(Boolean));
}

function note(word) {
  return word ? make("p", { class: "note" }, word) : null;
}

function problem(state) {
  if (!state.problem) return null;
  const { code, text } = state.problem;
  return make("div", { class: "fault" }, make("p", {}, say(knows(code) ? code : "not_done")), make("small", { lang: "en" }, text));
}

/** What is still missing, with how much of it there is. */
function needs(state) {
  const { session } = state;
  const lacks = (code) => session.missing.includes(code);
  return list(
    line(!lacks("people"), say("people_of", `${session.pairs.length}/${state.people_min}`), ""),
    line(!lacks("spread"), say("spread_of", `${c(session.spread_mc, 1)}/${c(state.spread_min_mc, 1)}`), ""),
  );
}

function measure(state, act) {
  const told = make("div", { class: "told" }, make("p", { class: "say", id: "prompt", role: "status" }), make("small", { id: "detail", lang: "en" }));
  const values = make("dl", { class: "values" }, ...READINGS.flatMap((name) => [make("dt", {}, say(name)), make("dd", { "data-reading": name }, "–")]), make("dt", {}, say("phase")), make("dd", { "data-reading": "phase" }, "–"));
  const sight = make("div", { class: "sight" }, make("small", {}, say("skin_mc")), make("span", { class: "value", "data-reading": "skin_mc" }, "–"));
  const { session } = state;
  if (session) told.append(needs(state));
  const own = session?.conditions;
  const sensor = own && `${own.variant} · ${own.sensor || "?"} · ${own.supply_mv / 1000} V · ${signed(own.offset_mc)} ℃ (${own.dated})`;
  return {
    parts: [
      problem(state),
      make("div", { class: "trial" }, make("div", { class: "seen" }, sight, values), told),
      state.phase === "ready" && session.resumed ? note(say("resumed", session.resumed)) : null,
      state.phase === "ready" && state.daemon ? note(say("let_nobody", state.pair_s)) : null,
      state.day_sure ? null : note(say("day_unsure")),
      sensor ? make("p", { class: "note small" }, `${say(state.daemon ? "from_gate" : "from_sensor")} · ${sensor}`) : null,
    ],
    back: state.phase === "ready" ? { word: say("pairs"), run: () => act.go("pairs") } : null,
    next: {
      ready: { word: say("next_person"), run: () => act.order("call") },
      waiting: { word: say("stop"), run: () => act.order("stop") },
    }[state.phase],
  };
}

function row(pair, place, act) {
  const about = say("pair_of", `${c(pair.skin_mc)} / ${c(pair.surroundings_mc)}`);
  const off = pair.off_mc === null ? "" : say(pair.doubted ? "off_doubted" : "off", signed(pair.off_mc));
  return make(
    "button",
    { type: "button", class: "row pair", "data-doubted": String(pair.doubted), onclick: () => act.go("pair", place) },
    make("span", {}, make("b", {}, `${place + 1}. ${c(pair.contact_mc, 1)} ℃`), make("small", {}, about), off ? make("small", { class: "off" }, off) : ""),
    pair.doubted ? sign("warn") : make("i", {}, say("change")),
  );
}

function pairs(state, act) {
  const { session } = state;
  const doubts = (one) => Number(one[0].doubted);
  const rows = session.pairs.map((pair, place) => [pair, place]).reverse();
  rows.sort((one, other) => doubts(other) - doubts(one)); // what needs a person stands first
  return {
    parts: [
      needs(state),
      rows.length ? make("div", { class: "rows table" }, ...rows.map(([pair, place]) => row(pair, place, act))) : note(say("no_pairs")),
      make(
        "div",
        { class: "tiles small" },
        tile(say("end"), say("end_note"), false, () => act.order("end")),
        tile(say("anew"), say("anew_note"), false, () => act.go("anew")),
      ),
    ],
    back: { word: say("to_measure"), run: () => act.go("measure") },
    next: { word: say("fit"), off: session.missing.length > 0, run: () => act.go("fit") },
  };
}

function pair(state, act) {
  const found = state.session.pairs[act.place];
  if (!found) return pairs(state, act);
  const choices = [
    tile(say("correct"), say("correct_note"), false, () => act.correct(act.place)),
    tile(say("drop"), say("drop_note"), false, () => act.order("drop", { place: act.place }, "pairs")),
  ];
  if (found.doubted) choices.push(tile(say("keep"), say("keep_note"), false, () => act.order("keep", { place: act.place }, "pairs")));
  return {
    parts: [
      make("p", { class: "say" }, `${act.place + 1}. ${c(found.contact_mc, 1)} ℃ · ${say("pair_of", `${c(found.skin_mc)} / ${c(found.surroundings_mc)}`)}`),
      found.doubted ? make("p", { class: "fault" }, say("off_doubted", signed(found.off_mc))) : null,
      make("div", { class: "tiles small" }, ...choices),
    ],
    back: { word: say("back"), run: () => act.go("pairs") },
    next: null,
  };
}

function numbers(found) {
  return make(
    "dl",
    { class: "values" },
    ...[
      ["k", `${milli(found.k_milli)} ± ${milli(found.k_error_milli)}`],
      ["c", `${signed(found.c_mc)} ± ${c(found.c_error_mc)} ℃`],
      ["rms", `${c(found.residual_mc)} ℃`],
      [say("people"), found.people],
    ].flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]),
  );
}

function fit(state, act) {
  const { fit: found, refusal } = state.session;
  if (!found) return pairs(state, act);
  const doubts = found.suspects.length;
  const picture = make("img", { class: "plot", src: `plot.svg?language=${shown()}&n=${state.number}`, alt: say("plot") });
  return {
    parts: [
      make(
        "div",
        { class: "trial" },
        picture,
        make(
          "div",
          { class: "told" },
          numbers(found),
          refusal ? make("p", { class: "fault" }, say(refusal, doubts)) : null,
          doubts ? make("button", { type: "button", class: "go", onclick: () => act.go("pair", found.suspects[0]) }, say("look")) : null,
          make("p", { class: "note" }, say("estimate")),
        ),
      ),
    ],
    back: { word: say("pairs"), run: () => act.go("pairs") },
    next: { word: say("write_ask"), off: Boolean(refusal), run: () => act.go("confirm") },
  };
}

function confirm(state, act) {
  const { fit: found, refusal, former } = state.session;
  if (!found || refusal) return fit(state, act);
  const before = former?.made ? `${former.made} · k ${milli(former.k_milli)} · c ${signed(former.c_mc)} ℃ · ${say("until", former.ends)}` : "";
  return {
    parts: [
      problem(state),
      list(
        line(true, `k ${milli(found.k_milli)} · c ${signed(found.c_mc)} ℃ · rms ${c(found.residual_mc)} ℃`, say("people_n", found.people)),
        line(true, say("goes_to"), state.path),
        former ? line(false, say("supersedes"), before || say("unreadable")) : line(true, say("no_former"), ""),
      ),
      former ? note(say("former_kept")) : null,
    ],
    back: { word: say("back"), run: () => act.go("fit") },
    next: { word: say("write"), run: () => act.order("write") },
  };
}

function written(state, act) {
  const { calibration, path, picture, picture_problem, kept, in_use } = state.written;
  return {
    parts: [
      list(
        line(true, say("written_to"), path),
        line(true, say("until", calibration.ends), `k ${milli(calibration.k_milli)} · c ${signed(calibration.c_mc)} ℃`),
        picture_problem ? line(false, say("no_picture"), picture_problem) : line(true, say("picture"), picture),
        kept ? line(true, say("kept"), kept) : null,
        in_use ? line(true, say("in_use"), "") : line(false, say("not_in_use"), `[thermometer] site = "${path}"`),
      ),
    ],
    back: null,
    next: { word: say("end"), run: () => act.order("end") },
  };
}

function refused(state, act) {
  return {
    parts: [problem(state), make("div", { class: "tiles small" }, tile(say("end"), say("end_note"), false, () => act.order("end")))],
    back: null,
    next: { word: say("anew"), run: () => act.go("anew") },
  };
}

function anew(state, act) {
  const count = state.session?.pairs.length;
  return {
    parts: [make("p", { class: "say" }, count === undefined ? say("forget_all") : say("forget_n", count))],
    back: { word: say("back"), run: () => act.go(state.phase === "refused" ? "refused" : "pairs") },
    next: { word: say("forget"), run: () => act.order("anew", {}, "measure") },
  };
}

function left() {
  return { parts: [make("div", { class: "end" }, sign("ok"), make("p", {}, say("left")))], back: null, next: null };
}

/** The sentence for now: why there is no reading or no value, else what to do. */
function prompt(live, state) {
  if (live.silent) return [say("silent"), live.silent];
  const said = live.said.code;
  if (said === "no_value") return [`${say("no_value")} ${reason(live.said.detail)}`, ""];
  if (state.phase === "waiting" && live.reading?.reason) return [reason(live.reading.reason), ""];
  if (said) return [reason(said), ""];
  if (state.phase === "ready" && live.reading?.reason) return [reason(live.reading.reason), ""];
  return [say(`do_${state.phase}`), ""];
}

function reason(code) {
  return say(knows(`why_${code}`) ? `why_${code}` : "why_other");
}

function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text; // said once
}

function live(place, now, state) {
  const [word, detail] = place.querySelector("#prompt") ? prompt(now, state) : ["", ""];
  put(place.querySelector("#prompt"), word);
  put(place.querySelector("#detail"), detail);
  for (const element of place.querySelectorAll("[data-reading]")) {
    const name = element.dataset.reading;
    const empty = name === "skin_mc" && now.reading?.phase === "idle"; // of an empty lane it says nothing
    const value = empty ? null : now.reading?.[name];
    if (name === "phase") put(element, value ? say(`phase_${value}`) : "–");
    else put(element, value === null || value === undefined ? "–" : `${c(value)} ℃`);
  }
}

export { live };
export const VIEWS = { measure, pairs, pair, fit, confirm, written, refused, anew, left };
