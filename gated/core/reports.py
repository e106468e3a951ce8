"""What a guard may report from the gate, and the words for it: pure, the same at gate and hub.

    call          a guard calls the station: reason, and about whose visit
    anomaly       something at the gate that is no visit; free words go sealed to the hub only
    registration  a visitor or a returnee, written down by the guard; sealed to the hub only
    round         a disinfection round was done
    shift         a guard begins or ends duty, known by a staff number

Free words, names and numbers never appear in a repr, so in no log. `Registration.plain` and
`Anomaly.plain` are what gets sealed; nothing else of them leaves the memory of the gate.
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
    """Who is registered. to: building-unit-room; came_from: where they were before."""

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
    """Somebody who is not on the list. visit: the open visit it is about, 0 for none."""

    form: str
    person: Person = field(repr=False)
    visit: int = 0

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
    """A guard begins or ends duty. guard: staff number, "" at the end. role: a DutyRole."""

    act: Literal["begin", "end"]
    guard: str = ""
    role: str = "guard"


@dataclass(frozen=True, slots=True)
class Alert:
    """A silent alarm: the screen shows nothing of it."""

    code: str


Report = Call | Anomaly | Registration | Round | Shift | Alert
KINDS: Final[dict[type[Report], str]] = {
    Call: "call",
    Anomaly: "anomaly",
    Registration: "registration",
    Round: "round",
    Shift: "shift",
    Alert: "alert",
}
