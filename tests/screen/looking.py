"""How the screen's tests look at a page: what is cut, too small to read or to touch."""

from dataclasses import dataclass, replace
from typing import Any

from playwright.sync_api import Page

from gated.core.text import Language
from gated.screen.snapshot import PanelView, Snapshot

READABLE_MM = 2.7  # 20 px of a 5 inch panel
TOUCH_MM = 12.0  # a gloved finger

# Everything wrong with the picture, one line each. mm: pixels per millimetre.
FAULTS = """({mm, readable}) => {
  const wrong = [];
  const at = id => document.getElementById(id);
  const seen = element => element && element.checkVisibility({checkVisibilityCSS: true})
    && element.getClientRects().length > 0;
  const width = element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getBoundingClientRect().width;
  };
  if (document.documentElement.scrollWidth > innerWidth) wrong.push("scrolls sideways");
  if (document.documentElement.scrollHeight > innerHeight) wrong.push("scrolls down");
  const band = at("band").getBoundingClientRect();
  if (band.height < innerHeight / 2 - 1) wrong.push(`band is ${band.height} px high`);
  for (const id of ["word", "name", "room", "prompt", "degrees", "plate", "special"]) {
    const element = at(id);
    if (!seen(element)) continue;
    const one = getComputedStyle(element).whiteSpace === "nowrap";
    if (one && width(element) > element.clientWidth + 1.5) wrong.push(`${id} is cut`);
  }
  const texts = [...document.querySelectorAll(".ask b"), at("reason"), at("prompt")];
  for (const element of texts.filter(seen)) {
    const line = parseFloat(getComputedStyle(element).fontSize);
    if (element.scrollHeight > element.clientHeight + line / 2 || element.scrollWidth > element.clientWidth + 2) {
      wrong.push(`${element.id || element.textContent} is cut`);
    }
  }
  const floor = seen(at("note")) ? at("note").getBoundingClientRect().top : band.bottom;
  for (const id of ["person", "temperature", "name", "degrees", "site", "prompt", "left", "progress", "shape"]) {
    const element = at(id);
    if (!seen(element)) continue;
    const box = element.getBoundingClientRect();
    const low = ["prompt", "left", "progress"].includes(id) ? band.bottom : floor;
    const slack = id === "shape" ? 1 : parseFloat(getComputedStyle(element).fontSize) * 0.12 + 1;
    if (box.top < band.top - slack || box.bottom > low + slack) wrong.push(`${id} leaves the band`);
    if (box.left < -1 || box.right > innerWidth + 1) wrong.push(`${id} leaves the screen`);
  }
  const ink = element => {
    const pencil = document.createElement("canvas").getContext("2d");
    const style = getComputedStyle(element);
    pencil.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const measured = pencil.measureText(element.textContent);
    const range = document.createRange();
    range.selectNodeContents(element);
    const baseline = range.getBoundingClientRect().top + measured.fontBoundingBoxAscent;
    return {top: baseline - measured.actualBoundingBoxAscent,
      bottom: baseline + measured.actualBoundingBoxDescent};
  };
  if (seen(at("word"))) {
    const word = ink(at("word"));
    if (word.top < band.top - 2 || word.bottom > band.bottom + 2) wrong.push("the word leaves the band");
    if (seen(at("name")) && word.bottom > ink(at("name")).top + 2) wrong.push("name on the word");
  }
  if (seen(at("degrees")) && ink(at("name")).bottom > ink(at("degrees")).top + 2) {
    wrong.push("degrees on the name");
  }
  const box = at("not-recorded");
  if (seen(box)) {
    const sign = box.getBoundingClientRect();
    const over = (one) => one.left < sign.right && one.right > sign.left && one.top < sign.bottom && one.bottom > sign.top;
    if (box.scrollWidth > box.clientWidth + 1 || sign.left < -1) wrong.push("not recorded is cut");
    for (const id of ["name", "degrees"]) {
      if (seen(at(id)) && over(at(id).getBoundingClientRect())) wrong.push(`not recorded on the ${id}`);
    }
  }
  const health = at("health").getBoundingClientRect();
  for (const label of [...document.querySelectorAll(".cell b")].filter(seen)) {
    const room = label.closest(".cell").getBoundingClientRect(), one = label.getBoundingClientRect();
    const cut = width(label) > one.width + 1 || one.right > room.right + 2 || room.bottom > health.bottom + 1;
    if (cut && document.body.dataset.mode !== "nolink") wrong.push(`${label.textContent} of the health field is cut`);
  }
  const why = at("why").getBoundingClientRect();
  for (const id of ["reason", "advice"]) {
    const element = at(id);
    if (!seen(element) || !element.textContent) continue;
    const box = element.getBoundingClientRect();
    if (box.top < why.top - 2 || box.bottom > why.bottom + 2) wrong.push(`${id} leaves its box`);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const least = readable * mm - 0.3;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !seen(element) || element.closest(".nodraw")) continue;
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < least) wrong.push(`"${walker.currentNode.data.slice(0, 20)}" in ${element.id || element.parentElement.id} is ${size} px, not ${least}`);
  }
  return wrong;
}"""

# Buttons that a finger of this size cannot hit: what is reached from the middle, both ways.
NARROW = """({mm, touch}) => {
  const need = touch * mm - 2;
  return [...document.querySelectorAll("button")].filter(button =>
    !button.disabled && button.checkVisibility() && button.textContent && (!document.querySelector("dialog[open]")
      || button.closest("dialog"))).map(button => {
    const box = button.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const mine = (dx, dy) => document.elementFromPoint(x + dx, y + dy)?.closest("button") === button;
    const reach = (ways) => ways.reduce((sum, [dx, dy]) => {
      let far = 0;
      while (far < need && mine(dx * far, dy * far)) far += 1;
      return sum + far;
    }, 0);
    return [button.id || button.textContent, reach([[1, 0], [-1, 0]]), reach([[0, 1], [0, -1]])];
  }).filter(([, across, down]) => across < need || down < need);
}"""

# Height of the ink of the verdict's word, pixels.
INK = """() => {
  const word = document.getElementById("word");
  const pencil = document.createElement("canvas").getContext("2d");
  const style = getComputedStyle(word);
  pencil.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const measured = pencil.measureText(word.textContent);
  return measured.actualBoundingBoxAscent + measured.actualBoundingBoxDescent;
}"""


@dataclass(frozen=True)
class Size:
    """A window on a panel. word_mm: what the verdict's word must be at least, by language."""

    width: int
    height: int
    diagonal_in: float
    word_mm: dict[Language, float]
    phone: bool = False
    half: bool = False

    @property
    def px_per_mm(self) -> float:
        """Of the real panel: a half is half of one, a phone's pixels are the browser's."""
        if self.phone:
            return 160 / 25.4
        across = self.width * 2 if self.half else self.width
        return float((across**2 + self.height**2) ** 0.5 / (self.diagonal_in * 25.4))

    def address(self, url: str) -> str:
        """Where the page of this window is opened."""
        return f"{url}/#panel={self.width * 2}x{self.height}" if self.half else f"{url}/"


def publish(page: Page, served: Any, snapshot: Snapshot, place: int) -> None:
    """The page has drawn this snapshot; place: another one each time."""
    iso = f"2020-02-10T{10 + place // 3600:02d}:{place // 60 % 60:02d}:{place % 60:02d}+08:00"
    served.feed.publish(replace(snapshot, clock=replace(snapshot.clock, iso=iso)))
    page.locator(f'body[data-drawn="{iso}"]').wait_for()


def on_panel(snapshot: Snapshot, size: Size, language: Language) -> Snapshot:
    """The snapshot as a gate with this panel publishes it."""
    return replace(snapshot, language=language, panel=PanelView(size.diagonal_in))


def faults(page: Page, size: Size) -> list[str]:
    """What is wrong with the picture."""
    found: list[str] = page.evaluate(FAULTS, {"mm": size.px_per_mm, "readable": READABLE_MM})
    return found


def narrow(page: Page, size: Size) -> list[Any]:
    """Buttons that are too small, with the millimetres' pixels that they take."""
    found: list[Any] = page.evaluate(NARROW, {"mm": size.px_per_mm, "touch": TOUCH_MM})
    return found


def word_mm(page: Page, size: Size) -> float:
    """How high the verdict's word is on the panel."""
    return float(page.evaluate(INK)) / size.px_per_mm
