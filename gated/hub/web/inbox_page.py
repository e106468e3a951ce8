"""The inbox: what gates sent to be read, answered by name; what they sealed opened on demand."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final

from starlette.responses import Response

from gated.hub import record_words
from gated.hub.gate_log import LogRow
from gated.hub.inbox import NOTE_MAX, PAGE, Inbox, InboxRefused, Item, State, visible
from gated.hub.inbox_item import ORDER_TEXT, Kind
from gated.hub.late_entry import LateEntryRefused
from gated.hub.paper_line import PaperLines, PaperSlip
from gated.hub.register import Register
from gated.hub.register_entry import Shown
from gated.hub.registration import Registration
from gated.hub.roles import Right
from gated.hub.status_words import status
from gated.hub.web.asked import gates
from gated.hub.web.gate_log import mode_particulars
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit

FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
CONFLICT: Final = 409
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
    Kind.NOTE: "info",
    Kind.PAPER: "info",
}


@dataclass(frozen=True, slots=True)
class Row:
    """An item as the page shows it.

    gate: what the pages call it. line: of a registration, masked, or of a change of mode why and
    how long; file: path, "" for none.
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


@dataclass(frozen=True, slots=True)
class Opened:
    """What was sealed in an item, as far as it was opened for this page."""

    registration: Registration | None = None
    paper: PaperSlip | None = None
    words: str = field(default="", repr=False)


def item(v: Visit) -> Response:
    """One item with everything about it; a POST opens what a gate sealed."""
    found = _found(v)
    if found is None:
        return v.refused("inbox.missing", NOT_FOUND)
    opens = v.request.method == "POST" and on_demand(found)
    if opens and not v.may(Right.OPEN_REGISTRATION):
        registers = found.kind is Kind.REGISTRATION
        return v.refused("inbox.masked_only" if registers else "inbox.officer_only", FORBIDDEN)
    try:
        opened = _opened(v, found) if opens else Opened()
        words = opened.words or Inbox(v.office).words(v.actor, found.id)
    except InboxRefused:
        return _item(v, found, Opened(), unreadable=True)
    return _item(v, found, replace(opened, words=words))


def on_demand(item: Item) -> bool:
    """Return whether a reason is asked for before what the gate sealed in it is opened."""
    about_somebody = item.kind in {Kind.REGISTRATION, Kind.PAPER} or item.code == ORDER_TEXT
    return item.is_sealed and about_somebody


def _opened(v: Visit, item: Item) -> Opened:
    """Return what is in it, audited with the reason. Raises InboxRefused and ReasonMissing."""
    if item.kind is Kind.REGISTRATION:
        service = Inbox(v.office)
        return Opened(registration=service.open_registration(v.actor, item.id, v.reason()))
    if item.kind is Kind.PAPER:
        return Opened(paper=PaperLines(v.office).open(v.actor, item.id, v.reason()))
    return Opened(words=Inbox(v.office).order_words(v.actor, item.id, v.reason()))


def _item(
    v: Visit, item: Item, opened: Opened, *, unreadable: bool = False, problem: str = ""
) -> Response:
    (row,) = _rows(v, [item])
    return v.page(
        "inbox_item.html",
        status=CONFLICT if problem else 200,
        row=row,
        registration=opened.registration,
        paper=opened.paper,
        words=opened.words,
        to_open=on_demand(item),
        unreadable=unreadable,
        problem=problem,
        record_words=record_words,
    )


def enter(v: Visit) -> Response:
    """The line of the paper ledger is a record, or the page says why not and nothing changed."""
    found = _found(v)
    if found is None or found.kind is not Kind.PAPER:
        return v.refused("inbox.missing", NOT_FOUND)
    if not (v.may(Right.OPEN_REGISTRATION) and v.may(Right.ENTER_LATE)):
        return v.refused("inbox.officer_only", FORBIDDEN)
    try:
        PaperLines(v.office).enter(v.actor, found.id)
    except LateEntryRefused as refused:
        return _item(v, found, Opened(), problem=f"records.late.refused.{refused.code}")
    except InboxRefused:
        return _item(v, found, Opened(), unreadable=True)
    return v.redirect("/inbox", done="inbox.entered")


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
                lines.get(item.id) or _mode_line(v, item),
            )
        )
    return rows


def _mode_line(v: Visit, item: Item) -> str:
    """Return why and by whose approval a gate changed its mode, "" for any other item."""
    if item.kind is not Kind.GATE:
        return ""
    row = LogRow(item.t_ms, item.certain, "mode", item.code, "", item.fields)
    return v.t("log.comma").join(mode_particulars(v, row))


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
    Page("/inbox/{number}/enter", enter, Right.SEE_INBOX, ("POST",)),
)
