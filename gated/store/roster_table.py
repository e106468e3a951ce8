"""A table of people is taken whole or not at all, and every bad line is named at once.

One row is one person; a cell may hold several cards. Further rows of the same identity number
add cards and statuses when name, room and category agree; without a number the rows of one person
share a card, or, where no card is given, room and name. Columns, in any order, by English or
Chinese heading: see table_words and docs/store.md. `from` and `to` belong to the row's statuses;
on a visitor's row without status they are the appointment; on any other row without status they
say how long the entry and its card are valid. A `to` without a time includes that whole day.

No message carries more of an identity number than its last four characters.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path

from gated.core import pseudonym
from gated.core.model import Appointment, Category, CredentialState, Status, StatusCode
from gated.errors import TableError
from gated.store import table_words as words
from gated.store.roster_build import Card, RosterRow
from gated.store.table_cells import BadCell, id_number_of, instant_of, phone_of, text_of
from gated.store.table_file import Cell, NumberedRow, read_rows
from gated.store.table_problems import Language, Problem, UnreadableTable, problem

BAD_LINES_MAX = 100  # nobody mends more before trying again
HEADING_ROWS = 10  # titles people put above the headings
PROGRESS_LINES = 1000
GUESS_CUTOFF = 0.5  # one of two characters right is a good guess in Chinese
WORD_SHOWN = 12  # characters of a wrong word that a message repeats

_HEADINGS = words.by_word(words.HEADINGS)
_CATEGORIES = words.by_word(words.CATEGORIES)
_STATUSES = words.by_word(words.STATUSES)
_CARD_STATES = words.by_word(words.CARD_STATES)
_FLAGS = words.by_word(words.FLAGS)
_LIST_SEPARATORS = re.compile(r"[;；、,，\s]+")
_CARD_SEPARATORS = re.compile(r"[;；、,，]+")  # people write one number in groups
_FLAG_CODE = re.compile(r"[a-z][a-z_]{1,31}")
_DIGITS_LIKE_A_NUMBER = re.compile(r"[0-9]{5,}")

NUMBER_REQUIRED = frozenset(
    {
        Category.RESIDENT,
        Category.TENANT,
        Category.OWNER_ELSEWHERE,
        Category.WORKER_PASS,
        Category.RETURNEE,
    }
)
_VISITORS = frozenset({Category.VISITOR, Category.VISITOR_WALKIN})


@dataclass(frozen=True, slots=True)
class BadLine:
    """One thing that is wrong. line 1 is the first line of the file; column as headed there."""

    line: int
    column: str
    problem: Problem

    @property
    def reason(self) -> str:
        """What is wrong, in English."""
        return str(self.problem)

    def said(self, language: Language) -> str:
        """Return what is wrong, in a language."""
        return self.problem.said(language)

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.reason}"


class BadTable(TableError):
    """The table has bad lines: `lines` holds the first hundred, `count` says how many there are."""

    def __init__(self, file_name: str, problems: Iterable[BadLine]) -> None:
        ordered = sorted(problems, key=lambda bad: bad.line)
        self.count = len(ordered)
        self.lines = tuple(ordered[:BAD_LINES_MAX])
        shown = "\n".join(str(bad) for bad in self.lines)
        more = f"\nand {self.count - BAD_LINES_MAX} more" if self.count > BAD_LINES_MAX else ""
        super().__init__(
            f"cannot import {file_name}: {self.count} problems, nothing was imported;"
            f" correct them and import again\n{shown}{more}"
        )


@dataclass(frozen=True, slots=True)
class Table:
    """A table without fault: people in the order of their first line, and how many lines."""

    rows: list[RosterRow]
    lines: int


def read_table(path: Path, zone: tzinfo, progress: Callable[[int], None] | None = None) -> Table:
    """Return the people of a CSV or .xlsx table. Blocks for about 20 µs a line.

    zone: the site's time zone, in which dates are meant. progress: called now and then with the
    number of the line being read. Raises BadTable naming every bad line, or TableError when the
    file is no table at all.
    """
    source = read_rows(path)
    columns, headed = _find_headings(source, path)
    problems: list[BadLine] = []
    rows: list[tuple[int, RosterRow]] = []
    lines = 0
    for number, cells in source:
        lines += 1
        if progress is not None and lines % PROGRESS_LINES == 0:
            progress(number)
        try:
            rows.append((number, _row(cells, columns, zone)))
        except BadCell as bad:
            problems.append(BadLine(number, headed.get(bad.column, bad.column), bad.problem))
    people = _merge(rows, problems, headed)
    if problems:
        raise BadTable(path.name, problems)
    if not people:
        raise UnreadableTable("import", path.name, problem("nobody_below"))
    return Table(people, lines)


# -- headings -----------------------------------------------------------------------------------


def _find_headings(
    source: Iterable[NumberedRow], path: Path
) -> tuple[dict[str, int], dict[str, str]]:
    """Return column positions and headings as written, both by our name of the column."""
    for (number, cells), _ in zip(source, range(HEADING_ROWS), strict=False):
        texts = [cell if isinstance(cell, str) else "" for cell in cells]
        if sum(words.spelled(text) in _HEADINGS for text in texts) > 1:
            return _headings(number, texts, path)
    examples = ", ".join(_both(name) for name in ("id_number", "name", "category"))
    why = problem("no_headings", rows=HEADING_ROWS, examples=examples)
    raise UnreadableTable("import", path.name, why)


def _headings(number: int, texts: list[str], path: Path) -> tuple[dict[str, int], dict[str, str]]:
    columns: dict[str, int] = {}
    headed: dict[str, str] = {}
    problems: list[BadLine] = []
    for position, text in enumerate(texts):
        meant = _HEADINGS.get(words.spelled(text))
        if meant in columns:
            problems.append(BadLine(number, text, problem("heading_twice", other=headed[meant])))
        elif meant is not None:
            columns[meant], headed[meant] = position, text
        elif text and words.spelled(text) not in words.HEADINGS_IGNORED:
            unknown = problem("heading_unknown", guess=_guess(text, _HEADINGS))
            problems.append(BadLine(number, text, unknown))
    problems += [
        BadLine(number, _both(name), problem("heading_missing"))
        for name in words.HEADINGS_REQUIRED
        if name not in columns
    ]
    if problems:
        raise BadTable(path.name, problems)
    return columns, headed


def _both(name: str) -> str:
    return f"{name} {words.HEADINGS[name].split()[0]}"


def _guess(text: str, known: Iterable[str]) -> Problem | str:
    near = difflib.get_close_matches(words.spelled(text), list(known), n=1, cutoff=GUESS_CUTOFF)
    return problem("guess", word=near[0]) if near else ""


# -- one row ------------------------------------------------------------------------------------


def _row(cells: list[Cell], columns: dict[str, int], zone: tzinfo) -> RosterRow:
    """Return one row as a person. Raises BadCell for the first cell that makes no sense."""
    found = {name: cells[position] for name, position in columns.items() if position < len(cells)}
    category = _category(text_of(found, "category"))
    statuses, card_state = _status_words(text_of(found, "status"))
    cards = _cards(text_of(found, "card"), card_state)
    if card_state is not None and not cards:
        raise BadCell("card", "empty_card")
    start = instant_of(found.get("from"), "from", zone, day_after=False)
    end = instant_of(found.get("to"), "to", zone, day_after=True)
    if start is not None and end is not None and start >= end:
        raise BadCell("to", "not_after")
    row = RosterRow(
        category=category,
        id_number=id_number_of(found.get("id_number")),
        name=text_of(found, "name"),
        phone=phone_of(text_of(found, "phone")),
        building=text_of(found, "building"),
        unit=text_of(found, "unit"),
        room=text_of(found, "room"),
        cards=cards,
        flags=_flags(text_of(found, "flags")),
    )
    _refuse_nobody(row)
    whole = _with_span(row, statuses, start, end)
    if row.id_number == words.EXAMPLE_NUMBER:  # last: apart from who it is, the line is right
        raise BadCell("id_number", "example")
    return whole


def _cards(text: str, state: CredentialState | None) -> tuple[Card, ...]:
    """Return the cards of a cell, each once, all in the state the row names."""
    if not text:
        return ()
    written = [number.strip() for number in _CARD_SEPARATORS.split(text)]
    numbers = {pseudonym.card_text(number): number for number in written if number}
    stated, known = state is not None, state or CredentialState.ACTIVE
    return tuple(Card(number, known, stated=stated) for number in numbers.values())


def _refuse_nobody(row: RosterRow) -> None:
    """Raise when nothing tells this person from others."""
    if row.id_number:
        return
    if row.category in NUMBER_REQUIRED:
        raise BadCell("id_number", "empty")
    if not row.cards and not (row.name and (row.room or row.building)):
        raise BadCell("id_number", "empty_number")


def _with_span(
    row: RosterRow, statuses: list[StatusCode], start: datetime | None, end: datetime | None
) -> RosterRow:
    """Return the row with its span where it belongs: statuses, appointment or validity."""
    if statuses:
        if StatusCode.WATCH in statuses and end is None:
            raise BadCell("to", "empty_watch")
        return replace(row, statuses=tuple(Status(code, start, end) for code in statuses))
    if row.category in _VISITORS and (start or end):
        if start is None or end is None:
            raise BadCell("from" if start is None else "to", "empty_slot")
        return replace(row, appointment=Appointment(start, end))
    return replace(row, start=start, end=end)


def _category(text: str) -> Category:
    if not text:
        raise BadCell("category", "empty")
    category = _CATEGORIES.get(words.spelled(text))
    if category is None:
        guess = _guess(text, _CATEGORIES)
        raise BadCell("category", "unknown", word=_repeat(text), guess=guess)
    return category


def _status_words(text: str) -> tuple[list[StatusCode], CredentialState | None]:
    """Return the statuses of a person and the state of the row's card, if one is named."""
    statuses: list[StatusCode] = []
    card_state: CredentialState | None = None
    if not text:
        return statuses, card_state
    for word in _LIST_SEPARATORS.split(text):
        spelled = words.spelled(word)
        if spelled in _STATUSES:
            statuses.append(_STATUSES[spelled])
        elif spelled in _CARD_STATES:
            card_state = _CARD_STATES[spelled]
        elif spelled and spelled not in words.NO_STATUS:
            guess = _guess(word, _STATUSES)
            raise BadCell("status", "unknown", word=_repeat(word), guess=guess)
    return statuses, card_state


def _flags(text: str) -> frozenset[str]:
    """Return the flags in a remark. Other words stay at the office: they may name people."""
    if not text:
        return frozenset()
    found = (words.spelled(word) for word in _LIST_SEPARATORS.split(text))
    codes = (_FLAGS.get(word, word) for word in found)
    return frozenset(code for code in codes if _FLAG_CODE.fullmatch(code))


def _repeat(word: str) -> Problem:
    """Return a wrong word for a message, unless it may be somebody's number."""
    if len(word) > WORD_SHOWN or _DIGITS_LIKE_A_NUMBER.search(word):
        return problem("long_word", n=len(word))
    return problem("word", text=word)


# -- several rows of one person -----------------------------------------------------------------


def _merge(
    rows: list[tuple[int, RosterRow]], problems: list[BadLine], headed: dict[str, str]
) -> list[RosterRow]:
    """Return one row per person and add to `problems` what contradicts itself."""
    people: list[tuple[int, RosterRow]] = []
    places: dict[object, int] = {}  # what tells somebody from others -> where they are in people
    for number, row in rows:
        keys = _identity(row)
        place = next((places[key] for key in keys if key in places), len(people))
        for key in keys:
            places.setdefault(key, place)
        if place == len(people):
            people.append((number, row))
            continue
        first, known = people[place]
        code = _contradiction(known, row)
        if code:
            column = headed.get("id_number", "")
            problems.append(BadLine(first, column, problem(code, line=number)))
            problems.append(BadLine(number, column, problem(code, line=first)))
        else:
            people[place] = (first, _joined(known, row))
    _refuse_shared_cards(people, problems, headed)
    return [row for _, row in people]


def _identity(row: RosterRow) -> list[object]:
    """Return what tells this person from others; rows that share one of it are one person's."""
    if row.id_number:
        return [row.id_number]
    if row.cards:
        return [("card", pseudonym.card_text(card.number)) for card in row.cards]
    return [(_place(row), row.name)]


def _place(row: RosterRow) -> tuple[str, ...]:
    return tuple(pseudonym.room_part(part) for part in (row.building, row.unit, row.room))


def _contradiction(known: RosterRow, row: RosterRow) -> str:
    """Return the code of what two rows of one person do not agree on, "" for nothing."""
    if pseudonym.plain(known.name) != pseudonym.plain(row.name):
        return "other_name"
    if _place(known) != _place(row):
        return "other_room"
    if known.category is not row.category:
        return "other_category"
    if None not in (known.appointment, row.appointment) and known.appointment != row.appointment:
        return "other_slot"
    spans = {(known.start, known.end), (row.start, row.end)} - {(None, None)}
    return "other_span" if len(spans) > 1 else ""


def _joined(known: RosterRow, row: RosterRow) -> RosterRow:
    """Return both rows as one. A card that is lost in one of them is lost."""
    cards = {pseudonym.card_text(card.number): card for card in known.cards}
    for card in row.cards:
        spelled = pseudonym.card_text(card.number)
        if spelled not in cards or card.state is not CredentialState.ACTIVE:
            cards[spelled] = card
    return replace(
        known,
        phone=known.phone or row.phone,
        cards=tuple(cards.values()),
        statuses=tuple(dict.fromkeys((*known.statuses, *row.statuses))),
        flags=known.flags | row.flags,
        appointment=known.appointment or row.appointment,
        start=known.start or row.start,
        end=known.end or row.end,
    )


def _refuse_shared_cards(
    people: Iterable[tuple[int, RosterRow]], problems: list[BadLine], headed: dict[str, str]
) -> None:
    """Add to `problems` every card that two people would have."""
    owners: dict[str, int] = {}
    column = headed.get("card", "")
    for number, row in people:
        for card in row.cards:
            first = owners.setdefault(pseudonym.card_text(card.number), number)
            if first != number:
                problems.append(BadLine(first, column, problem("same_card", line=number)))
                problems.append(BadLine(number, column, problem("same_card", line=first)))
