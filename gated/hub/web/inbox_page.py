"""The inbox: what gates sent to be read, answered by name; registrations opened on demand."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from starlette.responses import Response

from gated.hub.inbox import NOTE_MAX, PAGE, Inbox, InboxRefused, Item, Registration, State, visible
from gated.hub.inbox_item import Kind
from gated.hub.register import Register
from gated.hub.register_entry import Shown
from gated.hub.roles import Right
from gated.hub.status_words import status
from gated.hub.web.asked import gates
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit

NOT_FOUND: Final = 404
ID_DIGITS: Final = 18
FOLDED_FROM: Final = 3
"""So many registrations of one day are folded into one line, so that calls are not lost."""

BADGES: Final = {
    Kind.FEVER: "stop",
    Kind.CONTACT: "stop",
    Kind.DURESS: "stop",
    Kind.CALL: "warn",
    Kind.ANOMALY: "warn",
    Kind.DATA: "warn",
    Kind.GATE: "warn",
    Kind.REGISTRATION: "info",
}


@dataclass(frozen=True, slots=True)
class Row:
    """An item as the page shows it.

    gate: what the pages call it. line: of a registration, masked; file: path, "" for none.
    """

    item: Item
    gate: str
    badge: str
    what: str
    shown: Shown | None
    file: str
    line: str


@dataclass(frozen=True, slots=True)
class Day:
    """The items of one local day, newest first. folded: its registrations, when they are many."""

    day: str
    rows: list[Row]
    folded: list[Row] = field(default_factory=list)


def inbox(v: Visit) -> Response:
    """Open items, newest first, or answered ones; of one kind or of all."""
    kinds = visible(v.actor)
    kind = next((kind for kind in kinds if kind.value == v.query.get("kind")), None)
    shown: State = "done" if v.query.get("state") == "done" else "open"
    service = Inbox(v.office)
    items = service.items(v.actor, kind, shown, _number(v.query.get("before", "")), PAGE + 1)
    return v.page(
        "inbox.html",
        days=_days(v, _rows(v, items[:PAGE]), fold=kind is None),
        older=items[PAGE - 1].id if len(items) > PAGE else None,
        kind=kind,
        kinds=kinds,
        state=shown,
        counts=service.counts(v.actor),
    )


def item(v: Visit) -> Response:
    """One item with everything about it; a POST opens what a gate sealed."""
    found = _found(v)
    if found is None:
        return v.refused("inbox.missing", NOT_FOUND)
    service = Inbox(v.office)
    registration: Registration | None = None
    unreadable = False
    if v.request.method == "POST" and found.kind is Kind.REGISTRATION:
        if not v.may(Right.OPEN_REGISTRATION):
            return v.refused("inbox.masked_only", 403)
        try:
            registration = service.open_registration(v.actor, found.id, v.reason())
        except InboxRefused:
            unreadable = True
    words = ""
    try:
        words = service.anomaly_words(v.actor, found.id)
    except InboxRefused:
        unreadable = True
    (row,) = _rows(v, [found])
    return v.page(
        "inbox_item.html", row=row, registration=registration, words=words, unreadable=unreadable
    )


def acknowledge(v: Visit) -> Response:
    """The item is answered, or the page says by whom it already was."""
    found = _found(v)
    if found is None:
        return v.refused("inbox.missing", NOT_FOUND)
    answer = Inbox(v.office).acknowledge(v.actor, found.id, v.form.get("note", "")[:NOTE_MAX])
    if not answer.is_new:
        return v.refused("inbox.already", by=v.who(answer.by), at=v.when(answer.at_ms))
    kind = v.form.get("kind", "")
    here = kind in {known.value for known in visible(v.actor)}
    return v.redirect(f"/inbox?kind={kind}" if here else "/inbox", done="inbox.answered")


def _found(v: Visit) -> Item | None:
    number = _number(v.request.path_params["number"])
    with suppress(InboxRefused):
        return None if number is None else Inbox(v.office).item(v.actor, number)
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= ID_DIGITS else None


def _rows(v: Visit, items: Sequence[Item]) -> list[Row]:
    register = Register(v.office)
    refs = {item.person for item in items if item.person is not None}
    people = register.entries(v.site.id, refs) if refs else {}
    lines = Inbox(v.office).masked(v.actor, items)
    names = gates(v) if items else {}
    rows = []
    for item in items:
        entry = people.get(item.person) if item.person is not None else None
        may_read = item.person is not None and v.may(Right.SEE_PERSON)
        rows.append(
            Row(
                item,
                names.get(item.gate, item.gate),
                BADGES[item.kind],
                _what(v, item),
                None if entry is None else register.shown(entry),
                f"/person/{item.person.hex()}" if item.person is not None and may_read else "",
                lines.get(item.id, ""),
            )
        )
    return rows


def _days(v: Visit, rows: Sequence[Row], *, fold: bool) -> list[Day]:
    """Return the rows by local day; registrations are folded when they are many."""
    days = []
    for day, found in groupby(rows, lambda row: v.when(row.item.t_ms)[:10]):
        of_day = list(found)
        strangers = [row for row in of_day if row.item.kind is Kind.REGISTRATION]
        if fold and len(strangers) >= FOLDED_FROM:
            days.append(Day(day, [row for row in of_day if row not in strangers], strangers))
        else:
            days.append(Day(day, of_day))
    return days


def _what(v: Visit, item: Item) -> str:
    """Return in words what the item is about; a word we do not know stays as the gate sent it."""
    if item.kind is Kind.DATA:
        return v.t("inbox.unended", status=status(item.code, v.language))
    key = f"inbox.code.{item.kind.value}.{item.code}"
    return v.t(key) if key in v.front.texts else item.code


PAGES = (
    Page("/inbox", inbox, Right.SEE_INBOX),
    Page("/inbox/{number}", item, Right.SEE_INBOX, ("GET", "POST")),
    Page("/inbox/{number}/ack", acknowledge, Right.SEE_INBOX, ("POST",)),
)
