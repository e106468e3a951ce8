"""What was written on paper while a gate could not record, typed in later under its own time.

An entry is a row of `late_entry` and, in the same transaction, a passage marked late, so that
searches, ledger and traces find it. Who the register does not know is kept sealed. The number on
the paper (sheet and line) and the time together may be entered once.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from gated.core.model import Category, CredentialKind, Direction, Verdict
from gated.errors import GatedError
from gated.hub.audit import Action
from gated.hub.office import Office
from gated.hub.register import Register
from gated.hub.roles import Actor, Right
from gated.hub.schema import GATE
from gated.hub.schema_records import GATE_SITE, LATE_ENTRY, PAPER, PASSAGE

AGE_MAX_MS: Final = 60 * 24 * 3_600_000  # older sheets go to the archive as they are
TEMPERATURES_MC: Final = range(30_000, 45_001)
TEXT_MAX: Final = 64  # characters of a name, a document or a phone number
_PAPER_NO: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z./-]{0,31}")
_GUARD: Final = re.compile(r"[0-9A-Za-z-]{0,16}")


class LateEntryRefused(GatedError, ValueError):
    """A line from paper was not taken. code: word for the page's text; field: what to correct."""

    def __init__(self, code: str, field_name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.field = field_name


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One line of a paper ledger. t_ms: when it happened, UTC; temp_mc: None when not written.

    person: somebody of the register; else name, document and phone as written. guard: a staff
    number.
    """

    gate: str
    t_ms: int
    direction: str
    verdict: str
    paper_no: str
    person: bytes | None = None
    name: str = field(default="", repr=False)
    document: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    temp_mc: int | None = None
    guard: str = ""


@dataclass(frozen=True, slots=True)
class PaperPerson:
    """What a paper line says of somebody the register does not know, in clear."""

    name: str = field(repr=False)
    document: str = field(repr=False)
    phone: str = field(repr=False)


class LateEntries:
    """Takes lines from paper; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._register = Register(office)

    def add(self, actor: Actor, line: PaperLine, *, within: Connection | None = None) -> int:
        """The line is stored, searchable and audited; return its number.

        within: the write transaction it belongs to, one of its own if None. Raises
        LateEntryRefused: nothing was stored.
        """
        if not actor.may(Right.ENTER_LATE):
            raise LateEntryRefused(
                "no_right", "", f"the role {actor.role} may not enter paper lines"
            )
        now_ms = self._office.utc_ms()
        problem = refusal(line, now_ms)
        if problem is not None:
            raise problem
        entry = None if line.person is None else self._register.entry(actor.site, line.person)
        if line.person is not None and entry is None:
            raise LateEntryRefused("no_person", "person", "the register has no such person")
        passage = _passage(actor.site, line, now_ms)
        if entry is not None:
            passage |= {"household": entry.household, "category": entry.row.category.value}
        attempt = "enter a line from paper"
        with self._office.database.writing_within(within, attempt) as connection:
            self._check_gate(connection, actor.site, line.gate)
            _check_once(connection, actor.site, line)
            values = self._row(actor, line, now_ms)
            done = connection.execute(insert(LATE_ENTRY).values(**values))
            key = done.inserted_primary_key
            assert key is not None, "the number of a new row is known"
            number = int(key[0])
            connection.execute(insert(PASSAGE).values(**passage, seq=number))
            self._office.audit.note(
                actor,
                Action.LATE_ENTRY,
                target=line.gate if line.person is None else line.person.hex(),
                result=f"paper line {number}",
                connection=connection,
            )
        return number

    def people(self, site: str, numbers: Iterable[int]) -> dict[int, PaperPerson]:
        """Return what these entries say of people the register does not know, by number."""
        columns = LATE_ENTRY.c
        query = select(
            columns.id, columns.gate, columns.t_ms, columns.paper_no, columns.sealed
        ).where(columns.site == site, columns.person.is_(None), columns.id.in_(list(numbers)))
        with self._office.database.reading() as connection:
            rows = connection.execute(query).all()
        return {
            row.id: PaperPerson(
                *self._office.sealer.open(
                    row.sealed, _context(site, row.gate, row.t_ms, row.paper_no)
                )
            )
            for row in rows
        }

    def _row(self, actor: Actor, line: PaperLine, now_ms: int) -> dict[str, Any]:
        known = line.person is not None
        texts = ["", "", ""] if known else [line.name.strip(), line.document.strip(), line.phone]
        context = _context(actor.site, line.gate, line.t_ms, line.paper_no)
        return {
            "site": actor.site,
            "gate": line.gate,
            "t_ms": line.t_ms,
            "direction": line.direction,
            "person": line.person,
            "sealed": self._office.sealer.seal(texts, context),
            "verdict": line.verdict,
            "temp_mc": line.temp_mc,
            "paper_no": line.paper_no,
            "guard": line.guard,
            "entered_by": actor.name,
            "entered_ms": now_ms,
        }

    def _check_gate(self, connection: Connection, site: str, gate: str) -> None:
        owner = connection.execute(
            select(GATE_SITE.c.site).where(GATE_SITE.c.gate == gate)
        ).scalar_one_or_none()
        if owner is None and len(self._office.sites) == 1:
            known = connection.execute(select(GATE.c.gate).where(GATE.c.gate == gate)).first()
            owner = None if known is None else site
        if owner != site:
            raise LateEntryRefused(
                "no_gate", "gate", f"this site has no gate {gate!r}: choose one of the list"
            )


def refusal(line: PaperLine, now_ms: int) -> LateEntryRefused | None:
    """Return why a line cannot be taken by itself, None when it can. Pure."""
    checks = (
        (line.t_ms <= now_ms, "future", "time", "the time lies in the future: correct it"),
        (
            now_ms - line.t_ms <= AGE_MAX_MS,
            "too_old",
            "time",
            "the time is more than 60 days ago: keep the sheet, it is not typed in any more",
        ),
        (line.direction in set(Direction), "direction", "direction", "say in or out"),
        (line.verdict in set(Verdict), "verdict", "verdict", "choose a verdict of the list"),
        (
            line.temp_mc is None or line.temp_mc in TEMPERATURES_MC,
            "temperature",
            "temperature",
            "the temperature is not between 30 and 45 degrees: read the sheet again",
        ),
        (
            _PAPER_NO.fullmatch(line.paper_no) is not None,
            "paper_no",
            "paper_no",
            "number of sheet and line such as 12-7: letters, digits, . / and -, at most 32",
        ),
        (
            _GUARD.fullmatch(line.guard) is not None,
            "guard",
            "guard",
            "the guard is a staff number (letters, digits and -, at most 16), never a name",
        ),
        (
            line.person is not None or bool(line.name.strip() or line.document.strip()),
            "nobody",
            "name",
            "say who it was: somebody of the list, or a name or document number",
        ),
        (
            max(map(len, (line.name, line.document, line.phone))) <= TEXT_MAX,
            "too_long",
            "name",
            f"name, document and phone have at most {TEXT_MAX} characters each",
        ),
    )
    for good, code, name, sentence in checks:
        if not good:
            return LateEntryRefused(code, name, sentence)
    return None


def _check_once(connection: Connection, site: str, line: PaperLine) -> None:
    columns = LATE_ENTRY.c
    known = select(columns.id).where(
        columns.site == site, columns.paper_no == line.paper_no, columns.t_ms == line.t_ms
    )
    number = connection.execute(known).scalars().first()
    if number is not None:
        raise LateEntryRefused(
            "twice", "paper_no", f"this line of this sheet is entry {number} already"
        )


def _passage(site: str, line: PaperLine, now_ms: int) -> dict[str, Any]:
    return {
        "gate": line.gate,
        "epoch": PAPER,
        "site": site,
        "t_ms": line.t_ms,
        "lo_ms": line.t_ms,
        "hi_ms": line.t_ms,
        "certain": True,
        "direction": line.direction,
        "person": line.person,
        "household": None,
        "category": Category.UNKNOWN.value,
        "credential": CredentialKind.PAPER.value,
        "verdict": line.verdict,
        "reason": "",
        "reasons": json.dumps([]),
        "temp_state": "none" if line.temp_mc is None else "typed",
        "temp_mc": line.temp_mc,
        "guard": line.guard,
        "late": True,
        "received_ms": now_ms,
    }


def _context(site: str, gate: str, t_ms: int, paper_no: str) -> bytes:
    """Return what a sealed line is bound to, so that it opens in its own place alone."""
    return f"late entry/{site}/{gate}/{t_ms}/{paper_no}".encode()
