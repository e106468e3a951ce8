"""What a table would do to the register, told before it is done. Pure.

| of | who decides |
|---|---|
| name, phone, room, category, flags, appointment, validity | the table |
| a card an office gave or reported lost | the office, until the table states the card's state |
| a status set at the office | the office |
| a status of an earlier table | this table, where its sender may set such a status |
| a status ended by hand | the office: the same words in a table do not bring it back |
| who is on the list | the table; but people with a standing health status set at the office stay |

People who are not in the table are removed from the list; the register keeps them for the record.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from gated.core import pseudonym
from gated.core.model import StatusCode
from gated.hub.register_entry import OFFICE, TABLE, Entry, HeldStatus
from gated.hub.register_words import phone_text
from gated.store.roster_build import Card, RosterRow, household, milliseconds, reference
from gated.store.sealing import RosterKeys

FREE_REMOVALS: Final = 5  # so few may always go
SHRINK_DIVISOR: Final = 10  # more than a tenth may not go unasked
ENDED_BY_TABLE: Final = ":table"  # no account has such a name
FILED_FLAG: Final = "registered"
ARRIVALS: Final = frozenset({StatusCode.FROM_OTHER_PROVINCE, StatusCode.FROM_EPIDEMIC_AREA})


class Kind(StrEnum):
    """What changes about a person."""

    NAME = "name"
    ROOM = "room"
    CATEGORY = "category"
    PHONE = "phone"
    CARD = "card"
    STATUS = "status"
    FLAGS = "flags"
    APPOINTMENT = "appointment"
    VALIDITY = "validity"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends the table, and when: what they may set binds the statuses in it."""

    name: str
    may_set: Callable[[StatusCode], bool]
    now: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """One person before and after."""

    before: Entry
    after: Entry
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a table would do. size: people on the list before.

    kept: missing in the table, but they stay. emptied: buildings, as numbers, that would lose
    everybody. not_taken: statuses of the table its sender may not set.
    """

    size: int
    adds: tuple[Entry, ...]
    changes: tuple[Changed, ...]
    removes: tuple[Entry, ...]
    kept: tuple[Entry, ...]
    unchanged: int
    emptied: tuple[str, ...]
    not_taken: int

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.adds or self.changes or self.removes)

    @property
    def guarded(self) -> bool:
        """Whether the number of removals must be typed before this is done."""
        many = len(self.removes) > FREE_REMOVALS
        return bool(self.emptied) or (many and len(self.removes) * SHRINK_DIVISOR > self.size)

    def by_kind(self) -> dict[Kind, list[Changed]]:
        """Return the changed people under each kind of change."""
        found: dict[Kind, list[Changed]] = {kind: [] for kind in Kind}
        for changed in self.changes:
            for kind in changed.kinds:
                found[kind].append(changed)
        return {kind: people for kind, people in found.items() if people}

    def counts(self) -> dict[str, int]:
        """Return the numbers people are asked about."""
        return {
            "adds": len(self.adds),
            "changes": len(self.changes),
            "removes": len(self.removes),
            "kept": len(self.kept),
            "unchanged": self.unchanged,
            "not_taken": self.not_taken,
            **{f"changed_{kind}": len(people) for kind, people in self.by_kind().items()},
        }


def keyed(rows: Iterable[RosterRow], keys: RosterKeys) -> dict[bytes, RosterRow]:
    """Return the rows of a table by the pseudonyms of their people."""
    return {reference(row, keys.site): row for row in rows}


def compare(
    known: Mapping[bytes, Entry],
    table: Mapping[bytes, RosterRow],
    keys: RosterKeys,
    sender: Sender,
) -> Difference:
    """Return what the table would do. known: everybody on the list, and those who come back."""
    current = {ref: entry for ref, entry in known.items() if entry.removed_ms is None}
    owners = {
        pseudonym.card_text(card.number): ref for ref, row in table.items() for card in row.cards
    }
    adds: list[Entry] = []
    changes: list[Changed] = []
    not_taken = 0
    for ref, row in table.items():
        before = known.get(ref)
        home = household(row, keys.site)
        if before is not None and _stays(before, row, home):
            continue
        after, refused = _merged(before, ref, row, home, owners, sender)
        not_taken += refused
        if before is None or before.removed_ms is not None:
            adds.append(after)
        elif kinds := frozenset(_kinds(before, after)):
            changes.append(Changed(before, after, kinds))
    missing = [entry for ref, entry in current.items() if ref not in table]
    kept = [entry for entry in missing if _must_stay(entry, sender)]
    changes += _without_given_away(kept, owners)
    stays = {entry.ref for entry in kept}
    removes = [entry for entry in missing if entry.ref not in stays]
    return Difference(
        size=len(current),
        adds=tuple(adds),
        changes=tuple(changes),
        removes=tuple(removes),
        kept=tuple(kept),
        unchanged=sum(ref in current for ref in table)
        - sum(c.before.ref in table for c in changes),
        emptied=_emptied(current.values(), removes),
        not_taken=not_taken,
    )


def removed(entry: Entry, now: datetime) -> Entry:
    """Return this person off the list; what is known of them stays."""
    return replace(entry, removed_ms=milliseconds(now))


# -- one person ---------------------------------------------------------------------------------


def _stays(before: Entry, row: RosterRow, home: bytes | None) -> bool:
    """Return whether this person obviously stays as they are; most do, and this tells it fast.

    The register hands out the table's own line for those of whom it knows exactly that.
    """
    return (
        before.row is row
        and before.household == home
        and before.removed_ms is None
        and not (before.statuses or before.office_cards or before.office_flags or row.statuses)
    )


def _merged(
    before: Entry | None,
    ref: bytes,
    row: RosterRow,
    home: bytes | None,
    owners: Mapping[str, bytes],
    sender: Sender,
) -> tuple[Entry, int]:
    """Return the person as the table and the office say, and how many statuses were not taken."""
    if before is None:
        return _newcomer(ref, row, home, sender)
    history, refused = _history(before, row, sender)
    after = replace(
        before,
        row=replace(row, cards=_cards(before, row, owners), flags=_flags(before, row, sender.now)),
        household=home,
        removed_ms=None,
        office_cards=before.office_cards - {_text(card) for card in row.cards if card.stated},
    )
    return after.with_statuses(history, sender.now), refused


def _newcomer(ref: bytes, row: RosterRow, home: bytes | None, sender: Sender) -> tuple[Entry, int]:
    if not row.statuses:
        return Entry(ref, row, home), 0
    history, refused = _history(Entry(ref, row, home), row, sender)
    return Entry(ref, row, home).with_statuses(history, sender.now), refused


def _text(card: Card) -> str:
    return pseudonym.card_text(card.number)


def _cards(before: Entry, row: RosterRow, owners: Mapping[str, bytes]) -> tuple[Card, ...]:
    """Return the table's cards, with the state an office gave them, and the office's own cards."""
    decided = {_text(c): c for c in before.row.cards if _text(c) in before.office_cards}
    cards = {
        _text(card): card if card.stated else decided.get(_text(card), card) for card in row.cards
    }
    cards |= {
        text: card
        for text, card in decided.items()
        if text not in cards and owners.get(text, before.ref) == before.ref
    }
    return tuple(cards.values())


def _flags(before: Entry, row: RosterRow, now: datetime) -> frozenset[str]:
    """Return the flags of both. A new arrival the office waits for is not filed by an old table."""
    flags = row.flags | before.office_flags
    waiting = FILED_FLAG not in before.row.flags and any(
        held.code in ARRIVALS and held.origin == OFFICE for held in before.standing(now)
    )
    return flags - {FILED_FLAG} if waiting else flags


def _history(before: Entry, row: RosterRow, sender: Sender) -> tuple[list[HeldStatus], int]:
    """Return every status with those of the table begun or ended, and how many were not taken."""
    wanted = {(status.code, status.start, status.end): status for status in row.statuses}
    now_ms = milliseconds(sender.now) or 0
    history: list[HeldStatus] = []
    settled: set[object] = set()
    for held in before.statuses:
        by_table = held.origin == TABLE and held.stands(sender.now)
        if by_table and held.span not in wanted and sender.may_set(held.code):
            history.append(replace(held, ended_by=ENDED_BY_TABLE, ended_ms=now_ms))
            continue
        history.append(held)
        if held.ended_ms is None or held.ended_by != ENDED_BY_TABLE:
            settled.add(held.span)
    refused = 0
    for span, status in wanted.items():
        # Counted before anything is compared: else the number would tell what stands already.
        if not sender.may_set(status.code):
            refused += 1
            continue
        if span in settled:
            continue
        history.append(HeldStatus(*span, origin=TABLE, set_by=sender.name, set_ms=now_ms))
    return history, refused


def _kinds(before: Entry, after: Entry) -> Iterator[Kind]:
    old, new = before.row, after.row
    if old.name != new.name:
        yield Kind.NAME
    if before.household != after.household:
        yield Kind.ROOM
    if old.category is not new.category:
        yield Kind.CATEGORY
    if old.phone != new.phone and phone_text(old.phone) != phone_text(new.phone):
        yield Kind.PHONE
    if old.cards != new.cards and _states(old) != _states(new):
        yield Kind.CARD
    if before.statuses != after.statuses:
        yield Kind.STATUS
    if old.flags != new.flags:
        yield Kind.FLAGS
    if old.appointment != new.appointment:
        yield Kind.APPOINTMENT
    if (old.start, old.end) != (new.start, new.end):
        yield Kind.VALIDITY


def _states(row: RosterRow) -> dict[str, object]:
    return {_text(card): card.state for card in row.cards}


# -- who stays ----------------------------------------------------------------------------------


def _must_stay(entry: Entry, sender: Sender) -> bool:
    """Return whether no table may take this person off the list: their health is being followed."""
    return any(
        held.of_health and (held.origin == OFFICE or not sender.may_set(held.code))
        for held in entry.standing(sender.now)
    )


def _without_given_away(kept: list[Entry], owners: Mapping[str, bytes]) -> list[Changed]:
    """Return those who stay but whose card the table gives to somebody else."""
    changes = []
    for entry in kept:
        cards = tuple(card for card in entry.row.cards if _text(card) not in owners)
        if cards != entry.row.cards:
            after = replace(entry, row=replace(entry.row, cards=cards))
            changes.append(Changed(entry, after, frozenset({Kind.CARD})))
    return changes


def _emptied(current: Iterable[Entry], removes: Iterable[Entry]) -> tuple[str, ...]:
    before = _by_building(current)
    going = _by_building(removes)
    return tuple(sorted(name for name, count in going.items() if name and count == before[name]))


def _by_building(people: Iterable[Entry]) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in people:
        name = pseudonym.room_part(entry.row.building)
        found[name] = found.get(name, 0) + 1
    return found
