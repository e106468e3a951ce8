// A device being tried: what it sees now and what to do about it. Nothing of it is kept.

import { knows, make, say, sign } from "./lang.js";
import { get, post } from "./talk.js";

const LOOK_MS = 300;
const PICTURE_MS = 220; // four pictures a second are enough to aim by
const AIM = "M250 130 H750 V870 H250 Z";
let current = 0; // which trial the page looks at; 0 is none

/** Nothing is looked at any more; the program lets go of the device by itself. */
export function leave() {
  current = 0;
}

function later(act, wait) {
  setTimeout(act, wait);
}

function words(kind, look, chosen) {
  if (look.state === "failed") {
    const key = `${kind}_${look.problem}`;
    return [say("failed"), say(knows(key) ? key : "settings_wrong"), look.detail];
  }
  if (look.state === "opening") return [say("opening"), "", ""];
  const seen = look.seen && say(knows(`seen_${look.seen}`) ? `seen_${look.seen}` : "seen_card");
  if (kind === "wrist") return [seen || say("ask_wrist"), steadiness(look), chosen];
  if (seen) return [seen, say(`${kind}_works`), chosen];
  if (look.covered) return [say("camera_covered"), "", chosen];
  if (kind === "card" && look.now) return [say("card_refused"), say("card_refused_do"), chosen];
  return [say(`ask_${kind}`), look.late ? say(`${kind}_late`) : say(`${kind}_how`), chosen];
}

function steadiness(look) {
  const still = look.now ? say("wrist_steady") : say("wrist_moving");
  if (look.seen) return `${still} ${say("wrist_works")}`;
  return `${still} ${look.late ? say("wrist_late") : say("wrist_how")}`;
}

function over(look) {
  const SVG = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "over");
  picture.setAttribute("viewBox", "0 0 1000 1000");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  const mark = document.createElementNS(SVG, look.box.length ? "polygon" : "path");
  if (look.box.length) mark.setAttribute("points", look.box.map((at) => at.join(",")).join(" "));
  else mark.setAttribute("d", AIM);
  if (!look.box.length) mark.setAttribute("class", "aim");
  picture.append(mark);
  return picture;
}

function fit(picture, drawn) {
  // The overlay lies exactly over the picture, which keeps its shape inside the frame.
  if (!picture.naturalWidth) return;
  const scale = Math.min(
    picture.clientWidth / picture.naturalWidth,
    picture.clientHeight / picture.naturalHeight,
  );
  const wide = picture.naturalWidth * scale;
  const tall = picture.naturalHeight * scale;
  Object.assign(drawn.style, {
    width: `${wide}px`,
    height: `${tall}px`,
    left: `${(picture.clientWidth - wide) / 2}px`,
    top: `${(picture.clientHeight - tall) / 2}px`,
  });
}

function sight(kind, look, frame, picture) {
  frame.className = `sight ${look.state} ${look.seen ? "seen" : ""}`;
  if (look.state === "failed") frame.replaceChildren(sign("fail"));
  else if (kind === "camera" && look.state === "waiting") {
    const drawn = over(look);
    frame.replaceChildren(picture, drawn, look.seen ? sign("ok", "stamp") : "");
    fit(picture, drawn);
  } else if (kind === "wrist" && look.value_mc !== null) {
    const value = make("span", { class: "value" }, `${(look.value_mc / 1000).toFixed(1)} ℃`);
    frame.replaceChildren(value, look.seen ? sign("ok", "stamp") : "");
  } else frame.replaceChildren(sign(look.seen ? "ok" : kind));
}

/** Try the chosen device in `place`. tools: buttons below; news: called when it was seen first. */
export async function watch(place, kind, chosen, tools, news) {
  leave();
  const frame = make("div", { class: "sight" });
  const told = make("div", { class: "told", role: "status" });
  const right = make("div", { class: "told" }, told, make("div", { class: "tools" }, ...tools));
  let picture = make("img", { alt: "" });
  place.replaceChildren(make("div", { class: "trial" }, frame, right));
  let number = 0;
  let seen = false;
  let before = "";

  function draw(look) {
    sight(kind, look, frame, picture);
    const [first, second, third] = words(kind, look, chosen);
    const now = [first, second, third].join("\n");
    if (now === before) return; // a screen reader says it once
    before = now;
    told.replaceChildren(
      make("p", { class: "say" }, first),
      second ? make("p", {}, second) : "",
      third ? make("code", {}, third) : "",
    );
  }

  function pictures() {
    if (current !== number || !place.isConnected) return;
    const fresh = new Image();
    fresh.alt = say("live_picture");
    fresh.onload = () => {
      picture.replaceWith(fresh); // loaded already, so nothing flickers
      picture = fresh;
      later(pictures, PICTURE_MS);
    };
    fresh.onerror = () => later(pictures, LOOK_MS);
    fresh.src = `picture?trial=${number}&at=${Date.now()}`;
  }

  async function begin() {
    number = (await post("try", { kind })).trial;
    current = number;
  }

  async function looking() {
    if (current !== number || !place.isConnected) return;
    try {
      const look = await get(`trial?trial=${number}`);
      if (current !== number) return;
      draw(look);
      if (look.seen && !seen) news();
      seen = Boolean(look.seen);
    } catch (refused) {
      if (current !== number) return;
      draw({ state: "failed", problem: refused.code === "trial_over" ? "elsewhere" : "gone", detail: "" });
      leave();
      told.append(make("button", { type: "button", class: "go", onclick: again }, say("again")));
      return;
    }
    later(looking, LOOK_MS);
  }

  async function again() {
    before = "";
    await begin();
    looking();
    if (kind === "camera") pictures();
  }

  draw({ state: "opening" });
  await again();
}
