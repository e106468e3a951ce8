"""What the uplink tells the engine: frozen facts for its inbox. Nothing in them names a person."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from gated.store.overlay import Patch
from gated.store.roster_build import RosterInfo


class LinkState(StrEnum):
    """How far a record gets at the moment."""

    ONLINE = "online"
    HUB_SILENT = "hub_silent"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class WatermarkAcknowledged:
    """The hub committed everything up to `upto`, proved by its chain hash: store it."""

    upto: int
    hubgen: int


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The way to the hub opened or closed."""

    state: LinkState


@dataclass(frozen=True, slots=True)
class RosterFetched:
    """A newer list lies verified at `path`: switch to it with RosterStore.install.

    kid: who signed it, 8 hex digits. sha256 of the file is info.sha256. line: who numbered it, 0
    unknown. patch: what has changed since the file was made; with it the list is revision rev.
    """

    path: Path
    info: RosterInfo
    kid: str
    rev: int
    made_utc_ms: int
    not_after_utc_ms: int
    line: int = 0
    patch: Patch | None = None


@dataclass(frozen=True, slots=True)
class RosterChanged:
    """A believed manifest says what leads from the serving list on: RosterStore.apply."""

    patch: Patch


@dataclass(frozen=True, slots=True)
class RosterRefused:
    """An offered list was refused and the old one keeps serving. rev 0: not even readable."""

    rev: int
    code: str


@dataclass(frozen=True, slots=True)
class EventsParked:
    """The hub holds these events and cannot use them: mark and show them."""

    seqs: tuple[int, ...]
    code: str


@dataclass(frozen=True, slots=True)
class SyncAlarm:
    """A person must know: fork_suspected, hub_generation_lower, not_authorised, taken_over ..."""

    code: str


@dataclass(frozen=True, slots=True)
class CommandArrived:
    """An order came from the hub, not yet believed. at_mono_ms: when its life began to run."""

    payload: bytes = field(repr=False)
    at_mono_ms: int


UplinkEvent = (
    WatermarkAcknowledged
    | LinkChanged
    | RosterFetched
    | RosterChanged
    | RosterRefused
    | EventsParked
    | SyncAlarm
    | CommandArrived
)
