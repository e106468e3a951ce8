"""The contract engine -> screen: one frozen value holds everything a guard may see.

The engine fills these, nobody else builds them; the page only draws them. Everything personal is
masked at the source (`Display`). Texts come in both languages, the page picks. `docs/screen.md`
lists every key. `Snapshot.to_json` is the whole wire format: the field names below are the keys.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from gated.core.gate_mode import Special
from gated.core.model import ClockState, GuardActionKind, Verdict
from gated.core.text import Language as Language  # noqa: PLC0414 - whoever fills a snapshot needs it
from gated.core.text import Text as Text  # noqa: PLC0414 - likewise

Band = Literal["allow", "note", "check", "stop", "fault"]
Mode = Literal["idle", "measuring", "verdict", "fault"]
Sign = Literal["fault", "lockdown", "evacuate", "out_of_service", "open", "reader_locked"]
CallState = Literal["waiting", "delivered", "answered"]
LinkState = Literal["online", "offline", "hub_silent", "none"]
PartState = Literal["ok", "warn", "fail", "off"]

LAST_MAX = 3  # the row has room for three
PROGRESS_MAX = 100


@dataclass(frozen=True, slots=True)
class GateView:
    """Which gate this is and which way it is passed. switches: the guard may turn it round."""

    name_zh: str
    name_en: str
    direction: Literal["in", "out", "both"]
    switches: bool = False


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

    `none`: this gate has no hub, and no badge is drawn. oldest_s: age of the oldest of the backlog.
    """

    state: LinkState
    since_s: int = 0
    backlog: int = 0
    oldest_s: int = 0


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
class StatusView:
    """A reason of health by its code, and in words."""

    code: str
    word: Text


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A decided visit.

    status: what a health status says, for supervisors alone (role_view.py); codes leave it out.
    key: names the passage (`gate/epoch/seq`, or any unique text when it is not recorded).
    code: the primary reason; codes: all of them, shown only behind a tap. note: amber stripe.
    recorded: False draws "not recorded" in fault blue. awaiting_guard: a CHECK nobody answered.
    public: what the person in front of the gate is told, without a reason of health.
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
    public: Text = field(default_factory=Text)
    status: tuple[StatusView, ...] = ()


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
    """Health of one part (names as in `gated check`). label is short: 证, CARD.

    detail: what there is to know besides, such as a revision and its age.
    """

    part: str
    label: Text
    state: PartState
    word: Text
    remedy: Text = field(default_factory=Text)
    detail: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class FaultView:
    """Words of the mode `fault`: out of service, evacuation, nothing works.

    sign: which shape stands beside them. public: for the person in front of the gate.
    """

    word: Text
    reason: Text
    advice: Text = field(default_factory=Text)
    sign: Sign = "fault"
    public: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class SpecialView:
    """The gate works differently for a time. since, until: local, "14:31"; until "" is open.

    word: short, for the header. guard: staff number of who ordered it, "" for the gate itself.
    """

    mode: Special
    word: Text
    since: str
    until: str = ""
    guard: str = ""


@dataclass(frozen=True, slots=True)
class CardView:
    """The ID card of somebody not on the list, as far as a guard may see it: masked."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class OccupantView:
    """Somebody in the vehicle who was identified. name: masked. visit: number to name them by."""

    name: str
    verdict: Verdict
    visit: int = 0


@dataclass(frozen=True, slots=True)
class VehicleView:
    """A vehicle that stands at the gate. plate: masked; people: in it, driver included.

    occupants: who may not pass, and the newest of the others; decided: how many were. ready:
    everybody may pass.
    """

    plate: str
    people: int
    occupants: tuple[OccupantView, ...] = ()
    ready: bool = False
    decided: int = 0


@dataclass(frozen=True, slots=True)
class CallView:
    """The newest call to the station and whom it reached.

    state: waiting for the network, delivered to the centre, or answered by somebody there.
    by: who, as the centre names them; since_s: seconds since the call.
    """

    reason: str
    state: CallState
    since_s: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class RoundView:
    """The disinfection round. ago_min: minutes since the last one here, None: none is known."""

    ago_min: int | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class StationView:
    """Whom to ring when the screen is not enough. name: of the community station."""

    name: Text
    phone: str


@dataclass(frozen=True, slots=True)
class AskedView:
    """The order that the guard on duty asked a second person for. words: sealed ones go with it."""

    kind: GuardActionKind
    reason: str
    words: bool = False


@dataclass(frozen=True, slots=True)
class PanelView:
    """How the page is drawn. diagonal_in: of the panel, inches; night: dimmed colours now."""

    diagonal_in: float = 5.0
    night: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the screen shows at one moment. Comparable, printable, masked.

    visit: number of the visit that actions refer to. enabled: what a guard may press now;
    suggested: the one drawn in white, `call` for the station, or "". needs_second: the order that
    waits for somebody who approves it, as long as the visit stands and nothing else was ordered.
    message: what the hub wants everybody at this gate to read; tips: prevention advice, shown in
    turn while nobody is there. members: whether this person has a household.
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
    suggested: GuardActionKind | Literal["call", ""] = ""
    enabled: tuple[GuardActionKind, ...] = ()
    needs_second: AskedView | None = None
    members: bool = False
    special: SpecialView | None = None
    card: CardView | None = None
    vehicle: VehicleView | None = None
    call: CallView | None = None
    round: RoundView | None = None
    station: StationView | None = None
    notice: Text | None = None
    tips: tuple[Text, ...] = ()
    panel: PanelView = field(default_factory=PanelView)

    def __post_init__(self) -> None:
        """A mode always comes with what it shows."""
        assert len(self.last) <= LAST_MAX, "at most three earlier passages"
        assert self.mode != "measuring" or self.measuring is not None, "measuring what?"
        assert self.mode != "verdict" or self.verdict is not None, "which verdict?"

    def to_json(self) -> bytes:
        """Return this snapshot as one line of UTF-8 JSON, keys in the order of the fields."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()
