"""A difference as people see it before they say yes: at most fifty masked examples of each kind."""

from collections.abc import Iterable, Mapping
from typing import Final, TypedDict

from gated.core import masking
from gated.core.model import StatusCode
from gated.hub.difference import Changed, Difference, Kind
from gated.hub.register_entry import Entry
from gated.store.roster_build import RosterRow, milliseconds

EXAMPLES_MAX: Final = 50
KEPT: Final = "kept"


class Example(TypedDict):
    """One person, masked. old, new: what changes, as codes and masked texts."""

    ref: str
    name: str
    room: str
    category: str
    old: list[str]
    new: list[str]


def examples(difference: Difference) -> dict[str, list[Example]]:
    """Return examples under `adds`, `removes`, `kept` and each kind of change.

    Who is kept and changes all the same is found apart, under `kept_` and the kind.
    """
    shown = {
        "adds": [_example(entry) for entry in difference.adds[:EXAMPLES_MAX]],
        "removes": [_example(entry) for entry in difference.removes[:EXAMPLES_MAX]],
        "kept": [_example(entry) for entry in difference.kept[:EXAMPLES_MAX]],
    }
    kept = {entry.ref for entry in difference.kept}
    for kind, people in difference.by_kind().items():
        for name, stays in ((kind.value, False), (f"{KEPT}_{kind}", True)):
            listed = [changed for changed in people if (changed.before.ref in kept) is stays]
            shown[name] = [_changed(changed, kind) for changed in listed[:EXAMPLES_MAX]]
    return {name: rows for name, rows in shown.items() if rows}


def visible(
    shown: dict[str, list[Example]], codes: frozenset[StatusCode], counts: Mapping[str, int]
) -> dict[str, list[Example]]:
    """Return the examples without what is none of the reader's business.

    codes: statuses the reader may know. Who is kept stays for their health, so they are shown to
    those who may know every status; everybody else sees their number.
    """
    words = {code.value for code in codes}
    found = {name: rows for name, rows in shown.items() if not name.startswith(KEPT)}
    for kind in Kind:
        if f"changed_{kind}" in counts:
            found.setdefault(kind.value, [])
    if codes >= set(StatusCode):
        for name in shown.keys() - found.keys():
            place = name.removeprefix(f"{KEPT}_")
            found[place] = [*found.get(place, []), *shown[name]]
    if Kind.STATUS in found:
        found[Kind.STATUS.value] = [
            Example(
                ref=row["ref"],
                name=row["name"],
                room=row["room"],
                category=row["category"],
                old=[code for code in row["old"] if code in words],
                new=[code for code in row["new"] if code in words],
            )
            for row in found[Kind.STATUS]
        ]
    return found


def _example(entry: Entry, old: Iterable[str] = (), new: Iterable[str] = ()) -> Example:
    row = entry.row
    return Example(
        ref=entry.ref.hex(),
        name=masking.mask_name(row.name),
        room=masking.mask_room(row.building, row.unit, row.room),
        category=row.category.value,
        old=list(old),
        new=list(new),
    )


def _changed(changed: Changed, kind: Kind) -> Example:
    old, new = _words(changed.before.row, kind), _words(changed.after.row, kind)
    return _example(
        changed.after,
        [word for word in old if word not in new],
        [word for word in new if word not in old],
    )


def _words(row: RosterRow, kind: Kind) -> list[str]:
    match kind:
        case Kind.NAME:
            return [masking.mask_name(row.name)]
        case Kind.ROOM:
            return [masking.mask_room(row.building, row.unit, row.room)]
        case Kind.CATEGORY:
            return [row.category.value]
        case Kind.PHONE:
            return [masking.mask_phone(row.phone)]
        case Kind.CARD:
            return [f"{masking.mask_document(c.number)} {c.state.value}" for c in row.cards]
        case Kind.STATUS:
            return sorted({status.code.value for status in row.statuses})
        case Kind.FLAGS:
            return sorted(row.flags)
        case Kind.APPOINTMENT:
            slot = row.appointment
            return [] if slot is None else _span(milliseconds(slot.start), milliseconds(slot.end))
        case Kind.VALIDITY:
            return _span(milliseconds(row.start), milliseconds(row.end))


def _span(start: int | None, end: int | None) -> list[str]:
    return [f"{start or ''}/{end or ''}"]
