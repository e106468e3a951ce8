"""The one source of health: screen, `gated check`, status message and logs all read it."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from gated.process.power import undervoltage

PartState = Literal["ok", "warn", "fail", "off"]

PARTS = (
    "config",
    "card_reader",
    "camera",
    "thermometer",
    "barrier",
    "clock",
    "storage",
    "roster",
    "policy",
    "keys",
    "broker",
    "hub",
    "screen",
    "power",
)

SPACE_MIN_MB = 200  # a year of one gate's records and two rosters, with room to spare

# Which device event a failing part is reported as.
FAULT_CODES = {
    "card_reader": "DEV_READER_FAULT",
    "camera": "DEV_CAMERA_FAULT",
    "thermometer": "DEV_THERMO_FAULT",
    "storage": "DEV_STORE_FULL",
    "clock": "DEV_CLOCK_LOST",
    "roster": "DEV_ROSTER_STALE",
    "broker": "DEV_LINK_DOWN",
}


@dataclass(frozen=True, slots=True)
class Part:
    """How one part is. detail: what is the matter; remedy: what a person should do."""

    name: str
    state: PartState = "off"
    detail: str = ""
    remedy: str = ""


class HasState(Protocol):
    """Anything that is in one of the four states."""

    @property
    def state(self) -> PartState:
        """How it is."""


_Stateful = TypeVar("_Stateful", bound=HasState)

_BADNESS: tuple[PartState, ...] = ("off", "ok", "warn", "fail")


def worst(found: Iterable[_Stateful]) -> _Stateful:
    """Return the one that is worst off; of equal ones the first."""
    return max(found, key=lambda one: _BADNESS.index(one.state))


class Health:
    """How every part is. Set by the engine (and by app before it runs), read by anyone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts = {name: Part(name) for name in PARTS}

    def set(self, name: str, state: PartState, detail: str = "", remedy: str = "") -> PartState:
        """Note how a part is; return how it was before."""
        assert name in PARTS, f"unknown part {name}"
        with self._lock:
            before = self._parts[name].state
            self._parts[name] = Part(name, state, detail, remedy)
        return before

    def part(self, name: str) -> Part:
        """Return one part."""
        with self._lock:
            return self._parts[name]

    def parts(self) -> tuple[Part, ...]:
        """Return all parts in their fixed order."""
        with self._lock:
            return tuple(self._parts[name] for name in PARTS)

    def faults(self) -> list[str]:
        """Return the names of the parts that fail now."""
        return [part.name for part in self.parts() if part.state == "fail"]


def note_power(health: Health) -> None:
    """Note whether the board has enough voltage; `off` where nothing can tell."""
    low = undervoltage()
    if low:
        health.set("power", "warn", "the board is short of voltage", "fit a stronger power supply")
    else:
        health.set("power", "off" if low is None else "ok")
