"""The contract engine -> screen: one frozen value holds everything a guard may see.

The engine fills these, nobody else builds them; the page only draws them. Everything personal is
masked at the source (`Display`). Texts come in both languages, the page picks. `docs/screen.md`
lists every key. `Snapshot.to_json` is the whole wire format: the field names below are the keys.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from gated.core.model import ClockState, GuardActionKind, Verdict

Language = Literal["zh", "en"]
Band = Literal["allow", "note", "check", "stop", "fault"]
Mode = Literal["idle", "measuring", "verdict", "fault"]
LinkState = Literal["online", "offline", "hub_silent", "none"]
PartState = Literal["ok", "warn", "fail", "off"]

LAST_MAX = 3  # the row has room for three
PROGRESS_MAX = 100


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages; an empty one is not drawn."""

    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class GateView:
    """Which gate this is and which way it is passed."""

    name_zh: str
    name_en: str
    direction: Literal["in", "out", "both"]


@dataclass(frozen=True, slots=True)
class ClockView:
    """Local time as ISO 8601 with offset, and how far it can be believed."""

    iso: str
    state: ClockState


@dataclass(frozen=True, slots=True)
class DutyView:
    """Who is on duty. number: of this spell, orders name it; 0 for nobody. name: masked.

    log_in: whether a PIN or staff card is asked for at this gate.
    """

    number: int = 0
    guard: str = ""
    name: str = ""
    role: str = ""
    log_in: bool = False


@dataclass(frozen=True, slots=True)
class LinkView:
    """The way to the hub. since_s: seconds in this state; backlog: records not yet acknowledged.

    `none`: this gate has no hub, and no badge is drawn.
    """

    state: LinkState
    since_s: int = 0
    backlog: int = 0


@dataclass(frozen=True, slots=True)
class PersonView:
    """Who it is, masked at the source. last: when they passed this gate before, if it knows."""

    name: str
    room: str
    category: Text
    last: Text | None = None


@dataclass(frozen=True, slots=True)
class TemperatureView:
    """A reading as text in °C ("36.4"), where it was taken and what it came to."""

    text: str
    site: Text
    state: Text


@dataclass(frozen=True, slots=True)
class MeasuringView:
    """An open visit. progress_pct: 0 to 100; deadline_ms: time left when this was published."""

    person: PersonView | None
    missing: Literal["temperature", "credential"]
    prompt: Text
    progress_pct: int
    deadline_ms: int

    def __post_init__(self) -> None:
        """Progress is a percentage and the deadline is not in the past."""
        assert 0 <= self.progress_pct <= PROGRESS_MAX, "progress_pct is a percentage"
        assert self.deadline_ms >= 0, "deadline_ms is time left"


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A decided visit.

    key: names the passage (`gate/epoch/seq`, or any unique text when it is not recorded).
    code: the primary reason; codes: all of them, shown only behind a tap. note: amber stripe.
    recorded: False draws "not recorded" in fault blue. awaiting_guard: a CHECK nobody answered.
    """

    key: str
    verdict: Verdict
    band: Band
    word: Text
    code: str
    reason: Text
    advice: Text = field(default_factory=Text)
    note: Text | None = None
    codes: tuple[str, ...] = ()
    person: PersonView | None = None
    temperature: TemperatureView | None = None
    recorded: bool = True
    awaiting_guard: bool = False


@dataclass(frozen=True, slots=True)
class LastView:
    """One earlier passage. time: "14:31" local; temperature: "36.5" or empty."""

    time: str
    verdict: Verdict
    name: str
    temperature: str = ""
    reason: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class PartView:
    """Health of one part (names as in `gated check`). label is short: 证, CARD."""

    part: str
    label: Text
    state: PartState
    word: Text
    remedy: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class FaultView:
    """Words of the mode `fault`: out of service, evacuation, nothing works."""

    word: Text
    reason: Text
    advice: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the screen shows at one moment. Comparable, printable, masked.

    visit: number of the visit that actions refer to. enabled: what a guard may press now;
    suggested: the one drawn in white, or "". needs_second: the last order waits for somebody who
    approves it. message: what the hub wants everybody at this gate to read.
    """

    gate: GateView
    language: Language
    clock: ClockView
    duty: DutyView = field(default_factory=DutyView)
    link: LinkView = field(default_factory=lambda: LinkView("none"))
    mode: Mode = "idle"
    visit: int = 0
    measuring: MeasuringView | None = None
    verdict: VerdictView | None = None
    fault: FaultView | None = None
    last: tuple[LastView, ...] = ()
    health: tuple[PartView, ...] = ()
    banner: Text | None = None
    message: Text | None = None
    suggested: GuardActionKind | Literal[""] = ""
    enabled: tuple[GuardActionKind, ...] = ()
    needs_second: bool = False

    def __post_init__(self) -> None:
        """A mode always comes with what it shows."""
        assert len(self.last) <= LAST_MAX, "at most three earlier passages"
        assert self.mode != "measuring" or self.measuring is not None, "measuring what?"
        assert self.mode != "verdict" or self.verdict is not None, "which verdict?"

    def to_json(self) -> bytes:
        """Return this snapshot as one line of UTF-8 JSON, keys in the order of the fields."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()
