"""What a guard may report from the gate, and the words for it: pure, the same at gate and hub.

    call          a guard calls the station: reason, and about whose visit
    anomaly       something at the gate that is no visit; free words go sealed to the hub only
    registration  a visitor or a returnee, written down by the guard; sealed to the hub only
    round         a disinfection round was done
    shift         a guard begins or ends duty, known by a staff number
    note          something worth writing down that is no anomaly; free words sealed
    paper         a line of the paper ledger, typed in later under its own time; sealed
    vehicle       people in one vehicle are let through together, or not, or one gets out
    mode          the gate's special mode changes: lockdown, evacuation, out of service, open,
                  reader locked
    direction     a lane for both directions is passed the other way from now on
    sound_test    the guard heard the three tones, or did not

Free words, names and numbers never appear in a repr, so in no log. What `plain` returns is what
gets sealed; nothing else of it leaves the memory of the gate.
"""

import re
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from gated.core.canonical import canonical

CALL_REASONS: Final = ("fever", "contact", "dispute", "help", "other")
ANOMALIES: Final = ("crowding", "damage", "quarrel", "forced", "animal", "other")
FORMS: Final = ("visitor", "returnee")
DOCUMENT_KINDS: Final = ("id_card", "passport", "permit", "other", "none")
PLACES: Final = ("gate", "guard_room", "pick_up", "other")
AGENTS: Final = ("chlorine", "alcohol", "other")
ALERTS: Final = ("GUARD_DURESS",)
NOTES: Final = ("parcel", "elder_help", "key_left", "utility", "lost_found", "weather", "other")
CHECKLIST: Final = (
    *("thermometer", "disinfectant", "protective", "paper_ledger", "keys", "open_cases"),
)
OUTCOMES: Final = ("passed", "refused")
MODES: Final = ("normal", "lockdown", "evacuate", "out_of_service", "open", "reader_locked")
MODE_REASONS: Final = ("fire", "station", "equipment", "crowding", "rescue", "drill", "other")
MODE_END_REASONS: Final = ("over", "station", "mistake", "other")
DIRECTION_REASONS: Final = ("rush", "station", "mistake", "other")
ABANDON_REASONS: Final = ("turned_back", "miscounted", "station", "other")
DROP_REASONS: Final = ("on_foot", "stays_out", "miscounted", "other")
VEHICLE_ACTS: Final = ("begin", "pass", "abandon", "drop")
MODE_HOURS_MAX: Final = 24  # then a mode must be renewed (gate-domain section 6)
PEOPLE_MAX: Final = 60  # a bus
PLATE: Final = re.compile(r"[\u4e00-\u9fffA-Z0-9]{5,10}")
PAPER_NUMBER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z./-]{0,31}")

NAME_MAX: Final = 64
TEXT_MAX: Final = 500
PLATE_MAX: Final = 16
COMPANIONS_MAX: Final = 99
STAFF_NUMBER: Final = re.compile(r"[A-Z0-9]{1,12}")
PHONE: Final = re.compile(r"(\+?[0-9][0-9 -]{2,22})?")
DOCUMENT_NUMBER: Final = re.compile(r"[A-Za-z0-9()-]{0,32}")
ROOM: Final = re.compile(r"(\w{1,8}-\w{1,8}-\w{1,8})?")


@dataclass(frozen=True, slots=True)
class Call:
    """A guard needs the station. visit: the open visit it is about, 0 for none."""

    reason: str
    visit: int = 0


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something happened at the gate. text: the guard's own words, for the hub only."""

    what: str
    text: str = field(default="", repr=False)

    def plain(self) -> bytes:
        """Return what is sealed to the hub."""
        return canonical({"text": self.text})


@dataclass(frozen=True, slots=True)
class Person:
    """Who is registered. to: building-unit-room; came_from: where they were before.

    Who cannot be named is known by a document or a phone.
    """

    name: str
    document_kind: str
    document_number: str
    phone: str
    came_from: str
    to: str
    reason: str
    plate: str
    companions: int


@dataclass(frozen=True, slots=True)
class Registration:
    """Somebody who is not on the list. visit: the open visit it is about, 0 for none.

    from_card: name and number are those of the ID card that was read in this visit, which the
    page never had.
    """

    form: str
    person: Person = field(repr=False)
    visit: int = 0
    from_card: bool = False

    def plain(self) -> bytes:
        """Return what is sealed to the hub: canonical JSON, `from` instead of came_from."""
        values = asdict(self.person)
        values["from"] = values.pop("came_from")
        return canonical(values)


@dataclass(frozen=True, slots=True)
class Round:
    """A disinfection round was done."""

    place: str
    agent: str


@dataclass(frozen=True, slots=True)
class Shift:
    """A guard begins or ends duty. guard: staff number, "" at the end. role: a DutyRole.

    checked: the points of the hand-over's checklist found in order, None: nobody looked.
    """

    act: Literal["begin", "end"]
    guard: str = ""
    role: str = "guard"
    checked: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A silent alarm: the screen shows nothing of it."""

    code: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something the next guard or the station should know. text: for the hub only."""

    what: str
    text: str = field(default="", repr=False)
    visit: int = 0

    def plain(self) -> bytes:
        """Return what is sealed to the hub."""
        return canonical({"text": self.text})


@dataclass(frozen=True, slots=True)
class PaperLine:
    """What stands on one line of the paper ledger. day: ISO; time: "09:12", local.

    number: of sheet and line. temp_mc: thousandths of a degree, None when not written.
    """

    number: str
    day: str
    time: str
    direction: str
    outcome: str
    name: str
    document_number: str
    phone: str
    room: str
    temp_mc: int | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """A line of the paper ledger, typed in later; only the hub reads it."""

    line: PaperLine = field(repr=False)

    def plain(self) -> bytes:
        """Return what is sealed to the hub: canonical JSON of the line; -1: no temperature."""
        values = asdict(self.line)
        values["temp_mc"] = -1 if self.line.temp_mc is None else self.line.temp_mc
        return canonical(values)


@dataclass(frozen=True, slots=True)
class VehicleAct:
    """A vehicle stops here, may go, is given up, or is left by one of those in it.

    people: in it, driver included. visit: of whoever leaves it. reason: why it is given up or left.
    """

    act: Literal["begin", "pass", "abandon", "drop"]
    plate: str = field(default="", repr=False)
    people: int = 0
    visit: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ModeChange:
    """The gate works differently until it is told otherwise or `hours` are over.

    reason: why it begins; with the mode `normal`, why the one that stands ends.
    """

    mode: str
    reason: str = ""
    hours: int = 1


@dataclass(frozen=True, slots=True)
class DirectionSwitch:
    """A lane for both directions is passed this way from now on, and why."""

    direction: Literal["in", "out"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SoundTest:
    """Whether the guard heard the tones."""

    heard: bool


Report = (
    Call
    | Anomaly
    | Registration
    | Round
    | Shift
    | Alert
    | Note
    | Paper
    | VehicleAct
    | ModeChange
    | DirectionSwitch
    | SoundTest
)
KINDS: Final[dict[type[Report], str]] = {
    Call: "call",
    Anomaly: "anomaly",
    Registration: "registration",
    Round: "round",
    Shift: "shift",
    Alert: "alert",
    Note: "note",
    Paper: "paper",
    VehicleAct: "vehicle",
    ModeChange: "mode",
    DirectionSwitch: "direction",
    SoundTest: "sound_test",
}
