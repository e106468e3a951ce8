"""One person as the register knows them, in clear; frozen values, pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from gated.core.children import movements_withheld
from gated.core.model import Status, StatusCode
from gated.hub.roles import PROPERTY_STATUSES
from gated.store.roster_build import RosterRow

TABLE: Final = "table"
OFFICE: Final = "office"
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class HeldStatus:
    """A status with its history. Start included, end excluded; both aware or None.

    origin: `table` or `office`. ended_by, ended_ms: who ended it before its time, and when. id 0:
    not stored yet.
    """

    code: StatusCode
    start: datetime | None
    end: datetime | None
    origin: str
    set_by: str
    set_ms: int
    ended_by: str = ""
    ended_ms: int | None = None
    id: int = 0

    @property
    def span(self) -> tuple[StatusCode, datetime | None, datetime | None]:
        """What it says, without who said it."""
        return self.code, self.start, self.end

    @property
    def of_health(self) -> bool:
        """Whether only the community officer may set it."""
        return self.code not in PROPERTY_STATUSES

    def stands(self, now: datetime) -> bool:
        """Return whether it is in force or will be: not ended, not over."""
        return self.ended_ms is None and (self.end is None or self.end > now)


@dataclass(frozen=True, slots=True)
class Shown:
    """What people may see of somebody: masked, or whole for who may see the identity.

    No part of it stands in its repr, and so in no log.
    """

    name: str = field(repr=False)
    room: str = field(repr=False)
    phone: str = field(repr=False)
    document: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One person in clear, with everything the register knows.

    row: as a gate's list has them, its statuses those that stand. statuses: the whole history.
    office_cards: cards, in their one spelling, whose presence or state an office decided;
    office_flags: likewise. removed_ms: since when they are on no list.
    """

    ref: bytes
    row: RosterRow
    household: bytes | None
    statuses: tuple[HeldStatus, ...] = ()
    origin: str = TABLE
    version: int = 0
    changed_ms: int = 0
    removed_ms: int | None = None
    office_cards: frozenset[str] = field(default=frozenset(), repr=False)
    office_flags: frozenset[str] = frozenset()

    @property
    def short(self) -> str:
        """The first eight hex digits of the pseudonym: enough to name them without naming them."""
        return self.ref.hex()[:8]

    @property
    def whole(self) -> Shown:
        """Name, room, phone and document in clear: for who may see the identity, audited."""
        row = self.row
        room = "-".join(part for part in (row.building, row.unit, row.room) if part)
        return Shown(row.name, room, row.phone, row.id_number)

    def standing(self, now: datetime) -> tuple[HeldStatus, ...]:
        """Return the statuses in force or to come."""
        return tuple(held for held in self.statuses if held.stands(now))

    def movements_withheld(self, now: datetime) -> bool:
        """Return whether this is a child whose movements nobody may see. now: local to the site."""
        begun = [held.code for held in self.standing(now) if not held.start or held.start <= now]
        return movements_withheld(self.row.id_number, self.row.category, begun, now.date())

    def with_statuses(self, statuses: Iterable[HeldStatus], now: datetime) -> "Entry":
        """Return the same person with this history."""
        history = tuple(statuses)
        return replace(
            self, statuses=history, row=replace(self.row, statuses=in_force(history, now))
        )


def in_force(history: Iterable[HeldStatus], now: datetime) -> tuple[Status, ...]:
    """Return the statuses a gate's list carries, each once."""
    return tuple(dict.fromkeys(Status(*held.span) for held in history if held.stands(now)))


def instant(ms: int | None) -> datetime | None:
    """Return UTC ms as an aware instant, None as None."""
    return None if ms is None else _EPOCH + timedelta(milliseconds=ms)


def moment(ms: int) -> datetime:
    """Return UTC ms as an aware instant."""
    return _EPOCH + timedelta(milliseconds=ms)
