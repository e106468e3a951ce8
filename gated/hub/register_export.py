"""The list as a table people open in a spreadsheet: masked, or in full for who may see it.

The full table can be uploaded again: further cards and statuses of a person are further rows. Who
has no ID number is known by a card, so every row of theirs names one, and the first names all. A
cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Final

from gated.core.model import CredentialState
from gated.errors import GatedError
from gated.hub import record_words, status_words
from gated.hub.audit import NOT_WRITTEN, Action
from gated.hub.office import Office
from gated.hub.register import Register
from gated.hub.register_entry import Entry
from gated.hub.roles import PROPERTY_STATUSES, Actor, Right
from gated.hub.sheet import harmless_text
from gated.store import table_words as words
from gated.store.roster_build import RosterRow, shown

HEADINGS: Final = [words.HEADINGS[name].split()[0] for name in words.HEADINGS]
MASKED_HEADINGS: Final = ["姓名", "房号", "手机", "证件", "类别", "卡数", "状态", "备注"]


class ExportRefused(GatedError):
    """A role asked for more than it may have, or nobody said what it is for."""


def export_list(office: Office, actor: Actor, *, full: bool, reason: str) -> tuple[bytes, int]:
    """Return the list as CSV that a spreadsheet opens, and how many people are in it; audited.

    Raises ExportRefused for who may not have it, and for who does not say what it is for.
    """
    if not actor.may(Right.SEE_IDENTITY if full else Right.SEE_ROSTER):
        raise ExportRefused(
            f"the role {actor.role} may not export this list at {actor.site};"
            " ask the community officer"
        )
    if not reason.strip():
        raise ExportRefused("an export needs a reason: say what it is for")
    site = office.site(actor.site)
    people = list(Register(office).everyone(site.id).values())
    people.sort(key=lambda entry: (entry.row.building, entry.row.unit, entry.row.room, entry.ref))
    if full:
        lines = [HEADINGS, *(line for entry in people for line in _full(entry.row, site.zone))]
    else:
        health = actor.may(Right.SET_HEALTH_STATUS)
        lines = [MASKED_HEADINGS, *(_masked(entry, health=health) for entry in people)]
    _note(office, actor, reason, f"{len(people)}", full=full)
    return _csv(lines), len(people)


def list_not_written(office: Office, actor: Actor, *, full: bool, reason: str) -> None:
    """The audit says that the file of this export came to nothing."""
    _note(office, actor, reason, NOT_WRITTEN, full=full)


def _note(office: Office, actor: Actor, reason: str, result: str, *, full: bool) -> None:
    kind = "list, full" if full else "list, masked"
    office.audit.note(actor, Action.EXPORT, target=kind, reason=reason.strip(), result=result)


def _csv(lines: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless_text(cell) for cell in line] for line in lines)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _masked(entry: Entry, *, health: bool) -> list[str]:
    row = entry.row
    name, room, phone, document = shown(row)
    codes = [s.code for s in row.statuses if health or s.code in PROPERTY_STATUSES]
    flags = (words.FLAGS.get(flag, flag).split()[0] for flag in sorted(row.flags))
    return [
        name,
        room,
        phone,
        document,
        record_words.category(row.category.value, "zh"),
        str(len(row.cards)),
        "、".join(sorted({status_words.status(code.value, "zh") for code in codes})),
        "、".join(flags),
    ]


def _full(row: RosterRow, zone: tzinfo) -> Iterator[list[str]]:
    """Yield a person's rows: the first with the entry's own span, then cards and statuses."""
    slot = row.appointment
    span = (slot.start, slot.end) if slot else (row.start, row.end)
    flags = ";".join(sorted(row.flags))
    cards = [(card.number, _card_word(card.state)) for card in row.cards]
    known_by = "" if row.id_number or not cards else cards[0][0]
    if known_by and len(cards) > 1:
        cards.insert(0, (";".join(number for number, _ in cards), ""))
    card, state = cards[0] if cards else ("", "")
    yield _line(row, card, state, span, zone, flags)
    for more, state in cards[1:]:
        yield _line(row, more, state, (None, None), zone)
    for status in row.statuses:
        yield _line(row, known_by, status.code.value, (status.start, status.end), zone)


def _card_word(state: CredentialState) -> str:
    return words.CARD_STATES[state].split()[0] if state in words.CARD_STATES else ""


def _line(
    row: RosterRow,
    card: str,
    state: str,
    span: tuple[datetime | None, datetime | None],
    zone: tzinfo,
    flags: str = "",
) -> list[str]:
    start, end = ("" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" for at in span)
    names = [row.id_number, row.name, row.phone, row.building, row.unit, row.room]
    return [*names, row.category.value, card, state, start, end, flags]
