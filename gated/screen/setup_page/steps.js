// What each step of the wizard shows. A step is {name, asked, draw, ready}: drawn into `place`
// from the state, it calls `give` with answers; `ready` tells whether one may go on.

import { knows, make, say, show, shown, sign, tile } from "./lang.js";
import { ask } from "./pad.js";
import { watch } from "./trial.js";

const NONE = "none";
const alone = (state) => !state.joined;
const answered = (field) => (state) => Boolean(state.answers[field]);

function tiles(kind, ...children) {
  return make("div", { class: `tiles ${kind}`, role: "group" }, ...children);
}

function choice(field, options) {
  return (place, state, act) => {
    place.replaceChildren(
      tiles(
        "",
        ...options.map(([value, picture]) =>
          tile(
            say(`${field}_${value}`),
            knows(`${field}_${value}_note`) ? say(`${field}_${value}_note`) : "",
            state.answers[field] === value,
            () => act.give({ [field]: value }),
            picture,
          ),
        ),
      ),
    );
  };
}

function language(place, state, act) {
  const one = (value, word) =>
    tile(word, "", state.answers.language === value, () => {
      show(value);
      act.give({ language: value });
    });
  place.replaceChildren(tiles("", one("zh", "中文"), one("en", "English")));
}

function hub(place, state, act) {
  if (state.joined) {
    const { name, name_en, id, site } = state.joined;
    const called = (shown() === "en" && name_en) || name || id;
    place.replaceChildren(
      make("div", { class: "end" }, sign("ok"), make("div", {}, make("h2", {}, say("joined")), make("p", {}, `${called} · ${id} · ${site}`))),
    );
    return;
  }
  if (act.local.joining) {
    joining(place, state, act);
    return;
  }
  place.replaceChildren(
    tiles(
      "",
      tile(say("hub_join"), say("hub_join_note"), false, () => act.set({ joining: true }), "hub"),
      tile(say("hub_none"), say("hub_none_note"), state.answers.hub === NONE, () => act.give({ hub: NONE }), "alone"),
    ),
  );
}

function row(label, value, act) {
  return make(
    "button",
    { type: "button", class: "row", onclick: act },
    make("span", {}, make("small", {}, label), make("b", {}, value)),
    make("i", {}, say("change")),
  );
}

function joining(place, state, act) {
  const { address = "", code = "" } = act.local;
  const field = (name, kind, value) =>
    row(say(`hub_${name}`), value || "–", () => ask(kind, say(`hub_${name}`), value, (typed) => act.set({ [name]: typed })));
  const ready = Boolean(address && code) && !act.local.busy;
  act.primary(say(act.local.busy ? "hub_going" : "hub_go"), ready, () => act.join(address, code));
  place.replaceChildren(
    make("div", { class: "rows" }, field("address", "address", address), field("code", "code", code)),
    make("p", { class: "note" }, say("hub_join_note")),
  );
}

function name(place, state, act) {
  const { answers } = state;
  const own = !state.suggestions.some((one) => one.zh === answers.name) && answers.name;
  if (act.local.typing) {
    typed(place, state, act);
    return;
  }
  place.replaceChildren(
    tiles(
      "small",
      ...state.suggestions.map((one) =>
        tile(shown() === "en" ? one.en : one.zh, shown() === "en" ? one.zh : one.en, answers.name === one.zh, () =>
          act.give({ name: one.zh, name_en: one.en, id: one.id }),
        ),
      ),
      tile(own || say("name_other"), own ? answers.name_en : "", Boolean(own), () => act.set({ typing: true })),
    ),
  );
}

function typed(place, state, act) {
  const { answers } = state;
  const field = (key) =>
    make("input", { id: `own-${key}`, value: answers[key], maxLength: 24, autocomplete: "off", "aria-label": say(`own_${key}`), placeholder: say(`own_${key}`) });
  const [zh, en] = [field("name"), field("name_en")];
  const take = () => {
    act.local.typing = false;
    act.give({ name: zh.value, name_en: en.value, id: answers.id || "gate-1" });
  };
  act.primary(say("done"), true, take);
  place.replaceChildren(make("div", { class: "own" }, zh, en));
}

function ids(place, state, act) {
  const { answers } = state;
  if (!answers.site) {
    act.give({ site: "site-1" });
    return;
  }
  const one = (field) => row(say(field), answers[field], () => ask("id", say(field), answers[field], (text) => act.give({ [field]: text })));
  place.replaceChildren(make("div", { class: "rows" }, one("id"), one("site")), make("p", { class: "note" }, say("ids_note")));
}

function label(state, kind) {
  const chosen = state.answers[kind];
  return state.found[kind].find((one) => one.path === chosen)?.label ?? chosen.replace(/\/\/.*@/, "//");
}

function device(kind) {
  return (place, state, act) => {
    const chosen = state.answers[kind];
    if (chosen && chosen !== NONE && !act.local.choosing) {
      trying(place, state, act, kind);
      return;
    }
    act.often();
    const pick = (value) => {
      act.local.choosing = false;
      act.give({ [kind]: value });
    };
    const found = state.found[kind];
    const twins = new Set(found.map((one) => one.label)).size < found.length;
    const part = (one) => (twins ? one.path.split("/").pop() : "");
    place.replaceChildren(
      found.length ? "" : make("p", { class: "fault" }, say(`${kind}_not_found`)),
      tiles(
        "list",
        ...found.map((one) => tile(one.label, part(one), chosen === one.path, () => pick(one.path))),
        kind === "camera" ? tile(say("camera_net"), say("camera_net_note"), /^https?:/.test(chosen), () => address(act, chosen, pick)) : "",
        tile(say(`${kind}_none`), say(`${kind}_none_note`), chosen === NONE, () => pick(NONE)),
      ),
    );
  };
}

function address(act, chosen, pick) {
  const before = /^https?:/.test(chosen) ? chosen : "http://";
  ask("address", say("camera_net"), before, (text) => text && pick(text));
}

function trying(place, state, act, kind) {
  const tools = [make("button", { type: "button", onclick: () => act.set({ choosing: true }) }, say("another"))];
  if (kind === "wrist") {
    const letters = make("button", { type: "button", onclick: () => variants(place, state, act) }, `${say("variant")} ${state.answers.variant}`);
    tools.push(letters);
  }
  act.ask(say(`try_${kind}`));
  watch(place, kind, label(state, kind), tools, act.refresh).catch(act.failed);
}

function variants(place, state, act) {
  act.stop();
  act.primary(say("done"), true, act.again);
  place.replaceChildren(
    make("p", { class: "note" }, say("variant_note")),
    tiles("letters", ...state.variants.map((one) => tile(one, "", one === state.answers.variant, () => act.give({ variant: one })))),
  );
}

function barrier(place) {
  place.replaceChildren(
    make("div", { class: "end" }, sign("barrier"), make("div", {}, make("h2", {}, say("barrier_none")), make("p", {}, say("barrier_note")))),
  );
}

function line(state, word, note) {
  const shape = { ok: "ok", warn: "warn", fail: "fail", off: "none" }[state];
  const text = make("div", {}, word, note ? make("small", {}, note) : "");
  return make("li", { "data-state": state }, sign(shape), text);
}

function deviceLine(state, kind) {
  if (state.answers[kind] === NONE) return line("off", `${say(kind)}: ${say("has_none")}`, "");
  const { seen, problem } = state.tried[kind] ?? {};
  const called = `${say(kind)}: ${label(state, kind)}`;
  if (seen) return line("ok", called, say("worked"));
  if (problem) return line("fail", called, say(knows(`${kind}_${problem}`) ? `${kind}_${problem}` : "settings_wrong"));
  return line("warn", called, say("not_tried"));
}

function summary(place, state) {
  const { answers, joined } = state;
  const gate = joined ?? answers;
  const called = [gate.name, gate.id, gate.site, say(`direction_${gate.direction || "in"}`)].filter(Boolean).join(" · ");
  const lines = [
      line("ok", called, ""),
      joined ? line("ok", say("joined"), say("joined_then")) : line("off", say("hub_none"), say(state.keys ? "keys_stay" : "keys_made")),
      ...["card", "camera", "wrist"].map((kind) => deviceLine(state, kind)),
      line("off", `${say("barrier")}: ${say("barrier_none")}`, ""),
      answers.shadow === "on" ? line("warn", say("shadow_on"), say("shadow_then")) : line("ok", say("shadow_off"), ""),
      answers.wrist === NONE ? "" : line("warn", say("not_calibrated"), say("calibrate")),
      joined ? "" : line("warn", say("no_list"), say("list_then")),
  ].filter(Boolean);
  const worst = (one) => ["fail", "warn", "off", "ok"].indexOf(one.dataset.state);
  lines.sort((one, other) => worst(one) - worst(other));
  place.replaceChildren(
    make("ul", { class: "sum" }, ...lines),
    make("p", { class: "note" }, say("writes"), " ", make("code", {}, state.config), state.sample ? ` ${say("sample_kept")}` : ""),
  );
}

export const STEPS = [
  { name: "language", draw: language, ready: answered("language") },
  { name: "hub", draw: hub, ready: (state) => Boolean(state.joined) || state.answers.hub === NONE },
  { name: "name", asked: alone, draw: name, ready: answered("name") },
  { name: "ids", asked: alone, draw: ids, ready: (state) => Boolean(state.answers.id && state.answers.site) },
  { name: "direction", asked: alone, draw: choice("direction", [["in", "in"], ["out", "out"]]), ready: answered("direction") },
  { name: "shadow", draw: choice("shadow", [["on", "eye"], ["off", "ok"]]), ready: answered("shadow") },
  { name: "card", draw: device("card"), ready: answered("card") },
  { name: "camera", draw: device("camera"), ready: answered("camera") },
  { name: "wrist", draw: device("wrist"), ready: answered("wrist") },
  { name: "barrier", draw: barrier, ready: () => true },
  { name: "summary", draw: summary, ready: (state) => state.missing.length === 0 },
];
