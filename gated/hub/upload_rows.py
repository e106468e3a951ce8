"""The people of a staged table as one text and back, to be sealed. Pure."""

import base64
import json
import zlib
from typing import Any

from gated.core.model import Appointment, Category, CredentialState, Status, StatusCode
from gated.hub.register_entry import instant, moment
from gated.hub.register_seal import NAMES
from gated.store.roster_build import Card, RosterRow, milliseconds


def pack(rows: list[RosterRow]) -> str:
    """Return the rows as compressed text."""
    text = json.dumps([_encoded(row) for row in rows], ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 1)).decode()


def unpack(text: str) -> list[RosterRow]:
    """Return the rows that `pack` was given."""
    return [_decoded(values) for values in json.loads(zlib.decompress(base64.b64decode(text)))]


def _encoded(row: RosterRow) -> list[Any]:
    slot = row.appointment
    return [
        [getattr(row, name) for name in NAMES],
        row.category.value,
        [[card.number, card.state.value, card.stated] for card in row.cards],
        [[s.code.value, milliseconds(s.start), milliseconds(s.end)] for s in row.statuses],
        sorted(row.flags),
        [milliseconds(slot.start), milliseconds(slot.end), slot.uses_left] if slot else None,
        milliseconds(row.start),
        milliseconds(row.end),
    ]


def _decoded(values: list[Any]) -> RosterRow:
    names, category, cards, statuses, flags, slot, start, end = values
    return RosterRow(
        **dict(zip(NAMES, names, strict=True)),
        category=Category(category),
        cards=tuple(
            Card(number, CredentialState(state), stated) for number, state, stated in cards
        ),
        statuses=tuple(Status(StatusCode(code), instant(s), instant(e)) for code, s, e in statuses),
        flags=frozenset(flags),
        appointment=Appointment(moment(slot[0]), moment(slot[1]), slot[2]) if slot else None,
        start=instant(start),
        end=instant(end),
    )
