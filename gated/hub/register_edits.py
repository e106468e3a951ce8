"""The single changes an office makes to one person. Pure: person in, person out.

An edit that finds everything as it should be returns an equal person: "already so". What cannot
be done raises ChangeRefused with the sentence for whoever asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Final

from gated.core import id_number, pseudonym
from gated.core.model import Category, CredentialState, StatusCode
from gated.errors import GatedError
from gated.hub.difference import ARRIVALS, FILED_FLAG
from gated.hub.register_entry import OFFICE, Entry, HeldStatus
from gated.store.roster_build import Card, RosterRow, milliseconds
from gated.store.table_cells import BadCell, phone_of

CARD_MAX: Final = 40
TEXT_MAX: Final = 60

# What a release ends, and what ends a release.
CLOSED: Final = frozenset(
    {
        StatusCode.HOME_QUARANTINE,
        StatusCode.CLOSE_CONTACT,
        StatusCode.SECOND_CONTACT,
        StatusCode.SUSPECTED,
        StatusCode.CONFIRMED,
        StatusCode.OBSERVATION,
    }
)

Edit = Callable[[Entry], Entry]


class ChangeRefused(GatedError):
    """The change was not made. key: why, one word for the pages' own sentence."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key


@dataclass(frozen=True, slots=True)
class By:
    """Who makes a change, and when."""

    name: str
    now: datetime

    @property
    def now_ms(self) -> int:
        """The instant as UTC ms."""
        return milliseconds(self.now) or 0


@dataclass(frozen=True, slots=True)
class Correction:
    """New values of one person's fields; None leaves a field as it is."""

    id_number: str | None = None
    name: str | None = None
    phone: str | None = None
    building: str | None = None
    unit: str | None = None
    room: str | None = None
    category: Category | None = None
    start: datetime | None = None
    end: datetime | None = None


def begun(
    entry: Entry, by: By, code: StatusCode, start: datetime | None, end: datetime | None
) -> Entry:
    """Return the person with a status from start (None: now) until end (None: open).

    A standing one of the same kind that reaches into the span gives way to it, but keeps its
    beginning if it has begun. Quarantine and the like end a release that stands.
    """
    # Tables tell seconds: the list as exported, sent back, must say the same.
    first = start or by.now.replace(microsecond=0)
    if end is not None and end <= max(first, by.now):
        raise ChangeRefused("span", "a status must end after it begins and not in the past")
    if code is StatusCode.WATCH and end is None:
        raise ChangeRefused("watch", "a watch needs the date on which it ends")
    same = [held for held in entry.standing(by.now) if held.code is code]
    if any(_says(held, first, end) for held in same):
        return entry
    replaced = {held.span for held in same if _meet(held, first, end)}
    begins = [held.start for held in same if held.span in replaced and _has_begun(held, by.now)]
    known = [begin for begin in begins if begin is not None]
    first_kept = None if None in begins else min([*known, first])
    if code in CLOSED:
        replaced |= {held.span for held in entry.standing(by.now) if _frees(held)}
    history = [
        _ended(held, by) if held.span in replaced and held.stands(by.now) else held
        for held in entry.statuses
    ]
    history.append(_fresh(by, code, first_kept, end))
    return entry.with_statuses(history, by.now)


def ended(entry: Entry, by: By, codes: frozenset[StatusCode]) -> Entry:
    """Return the person with every standing status of these kinds ended now."""
    history = [
        _ended(held, by) if held.code in codes and held.stands(by.now) else held
        for held in entry.statuses
    ]
    return entry.with_statuses(history, by.now)


def released(entry: Entry, by: By, end: datetime | None = None) -> Entry:
    """Return the person released now: quarantine and the like are over, the gates say so."""
    freed = ended(entry, by, CLOSED)
    if freed == entry and any(_frees(held) for held in entry.standing(by.now)):
        return entry
    return begun(freed, by, StatusCode.RELEASED, None, end)


def arrived(
    entry: Entry, by: By, code: StatusCode, start: datetime | None, end: datetime | None
) -> Entry:
    """Return the person as come from elsewhere and not filed yet."""
    waiting = begun(entry, by, code, start, end)
    flags = waiting.row.flags - {FILED_FLAG}
    return replace(
        waiting,
        row=replace(waiting.row, flags=flags),
        office_flags=waiting.office_flags - {FILED_FLAG},
    )


def to_be_filed(entry: Entry, now: datetime) -> bool:
    """Return whether somebody arrived and nobody has filed it yet."""
    standing = {held.code for held in entry.standing(now)}
    if StatusCode.ARRIVAL_PENDING in standing:
        return True
    arrived = entry.row.category is Category.RETURNEE or not ARRIVALS.isdisjoint(standing)
    return arrived and FILED_FLAG not in entry.row.flags


def filed(entry: Entry, by: By) -> Entry:
    """Return the person as filed: the community office knows of the arrival."""
    settled = ended(entry, by, frozenset({StatusCode.ARRIVAL_PENDING}))
    if not to_be_filed(entry, by.now) and FILED_FLAG not in entry.row.flags:
        raise ChangeRefused("no_arrival", "nobody said that this person arrived; set that first")
    return replace(
        settled,
        row=replace(settled.row, flags=settled.row.flags | {FILED_FLAG}),
        office_flags=settled.office_flags | {FILED_FLAG},
    )


def lost(entry: Entry, number: str = "") -> Entry:
    """Return the person with a card reported lost: this one, or the only one there is."""
    text = pseudonym.card_text(number) if number else ""
    mine = [card for card in entry.row.cards if not text or _text(card) == text]
    open_ = [card for card in mine if card.state is CredentialState.ACTIVE]
    if not mine:
        raise ChangeRefused("no_card", "this person has no such card; nothing was changed")
    if not text and len(open_) > 1:
        raise ChangeRefused("which_card", "this person has several cards; say which one is lost")
    if not open_:
        return entry
    return _with_card(entry, replace(open_[0], state=CredentialState.LOST))


def given(entry: Entry, number: str) -> Entry:
    """Return the person with this card, in use."""
    clean = number.strip()
    if not clean or len(clean) > CARD_MAX:
        raise ChangeRefused("bad_card", f"a card number has 1 to {CARD_MAX} characters")
    held = [card for card in entry.row.cards if _text(card) == pseudonym.card_text(clean)]
    if held and held[0].state is CredentialState.ACTIVE:
        return entry
    return _with_card(entry, Card(held[0].number if held else clean))


def corrected(entry: Entry, correction: Correction) -> Entry:
    """Return the person with new values in the fields that have one."""
    new = {
        item.name: value
        for item in fields(correction)
        if (value := getattr(correction, item.name)) is not None
    }
    if correction.phone not in {None, entry.row.phone}:  # an old short one holds up nothing else
        _phone(correction.phone or "")
    row = checked(replace(entry.row, **new))
    return replace(entry, row=row, origin=entry.origin)


def checked(row: RosterRow) -> RosterRow:
    """Return the row with its number in one spelling. Raises ChangeRefused when it cannot be."""
    number = id_number.normalise(row.id_number) if row.id_number else ""
    if number and (problem := id_number.problem(number)):
        raise ChangeRefused("bad_number", f"the identity number {problem}; nothing was changed")
    clean = replace(
        row,
        id_number=number,
        name=_tidy(row.name),
        phone=_tidy(row.phone),
        building=_tidy(row.building),
        unit=_tidy(row.unit),
        room=_tidy(row.room),
    )
    texts = (clean.name, clean.phone, clean.building, clean.unit, clean.room)
    if any(len(text) > TEXT_MAX for text in texts):
        raise ChangeRefused("long_text", f"a field has at most {TEXT_MAX} characters")
    if not (number or row.cards or (clean.name and (clean.room or clean.building))):
        raise ChangeRefused(
            "nobody", "nothing tells this person from others: give a number, or a name and a room"
        )
    if row.start is not None and row.end is not None and row.start >= row.end:
        raise ChangeRefused("span", "the entry must end after it begins")
    if row.appointment is not None and row.appointment.start >= row.appointment.end:
        raise ChangeRefused("span", "the appointment must end after it begins")
    return clean


def added(row: RosterRow) -> RosterRow:
    """Return the row of somebody new as it is kept. Raises ChangeRefused when it cannot be."""
    _phone(row.phone)
    return checked(row)


def _phone(text: str) -> None:
    try:
        phone_of(_tidy(text))
    except BadCell as bad:
        raise ChangeRefused("bad_phone", f"the phone number {bad}; nothing was changed") from bad


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _text(card: Card) -> str:
    return pseudonym.card_text(card.number)


def _with_card(entry: Entry, card: Card) -> Entry:
    """Return the person with the card in its place, or behind the others; the office's word."""
    cards = {_text(held): held for held in entry.row.cards} | {_text(card): card}
    return replace(
        entry,
        row=replace(entry.row, cards=tuple(cards.values())),
        office_cards=entry.office_cards | {_text(card)},
    )


def _says(held: HeldStatus, start: datetime, end: datetime | None) -> bool:
    return held.end == end and (held.start is None or held.start <= start)


def _meet(held: HeldStatus, start: datetime, end: datetime | None) -> bool:
    begins_in_time = end is None or held.start is None or held.start <= end
    return begins_in_time and (held.end is None or held.end >= start)


def _has_begun(held: HeldStatus, now: datetime) -> bool:
    return held.start is None or held.start <= now


def _frees(held: HeldStatus) -> bool:
    return held.code is StatusCode.RELEASED


def _ended(held: HeldStatus, by: By) -> HeldStatus:
    return replace(held, ended_by=by.name, ended_ms=by.now_ms)


def _fresh(by: By, code: StatusCode, start: datetime | None, end: datetime | None) -> HeldStatus:
    return HeldStatus(code, start, end, OFFICE, by.name, by.now_ms)
