"""Two sites of one hub with something of everything that a page can show, told in one's own words.

`furnish(desk, Words(...))` fills both: people, their statuses and notes, passages, lines from
paper, gates with names and messages, an inbox with sealed registrations, a table that waits, a code
for a new gate. What can be typed freely is what `Words` says, so that a test can plant anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select

from gated.core.canonical import canonical
from gated.core.model import StatusCode
from gated.hub.changes import Changes
from gated.hub.commands import Commands
from gated.hub.database import HubDatabase
from gated.hub.enrolment import Enrolments, NewGate
from gated.hub.late_entry import LateEntries, PaperLine
from gated.hub.local_time import minute
from gated.hub.person_file import PersonFile
from gated.hub.schema import METADATA
from gated.hub.schema_office import AUDIT
from gated.hub.schema_records import INBOX, PASSAGE
from gated.hub.upload import Uploads
from gated.store.roster_build import RosterRow
from gated.store.sealed_box import (
    anomaly_context,
    note_context,
    paper_context,
    public_of,
    registration_context,
    seal_to,
)
from tests.support.office import Desk
from tests.support.people import line, people, person, ref_of, table, take
from tests.support.records import passage_values, plant_gate, plant_log

PEOPLE = 6
WATCHED = 3  # this one is under observation
AUDIT_ROWS = "audit_rows"  # the setting that counts them
Rows = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Words:
    """What people typed into free fields."""

    name: str = "欧阳小明"
    room: str = "101"
    phone: str = "13912345678"
    card: str = "70000003"
    note: str = "咳嗽，已电话随访"
    gate_zh: str = "东门"
    gate_en: str = "East gate"
    message: str = "请戴好口罩"
    flag: str = "elder"
    file_name: str = "people.csv"


@dataclass(frozen=True, slots=True)
class SiteThings:
    """What one site has. person: who has every kind of record; the ids of everything else."""

    site: str
    gate: str
    person: bytes
    other: bytes
    card: str
    registration: int
    anomaly: int
    paper: int
    upload: str
    seen: str
    code: str


def furnish(desk: Desk, words: Words | None = None) -> dict[str, SiteThings]:
    """Both sites have something of everything; return it by site."""
    return {site: _furnished(desk, site, words or Words()) for site in desk.office.sites}


def _furnished(desk: Desk, site: str, words: Words) -> SiteThings:
    office, officer = desk.office, desk.actor(site=site)
    first = list(desk.office.sites).index(site) * 100
    rows = [replace(row, **_numbered(row, first)) for row in people(PEOPLE)]
    rows[WATCHED] = replace(
        rows[WATCHED],
        name=words.name,
        phone=words.phone,
        room=words.room,
        cards=(replace(rows[WATCHED].cards[0], number=words.card),),
        flags=frozenset({words.flag}),
    )
    take(office, officer, rows)
    ref = ref_of(office, rows[WATCHED], site)
    changes, files = Changes(office), PersonFile(office)
    changes.set_status(officer, ref, StatusCode.OBSERVATION, reason="first")
    changes.arrival(officer, ref, StatusCode.FROM_OTHER_PROVINCE)
    files.add_note(officer, ref, words.note)
    files.add_reading(officer, ref, desk.clock.now_ms, 36_500, words.note)
    gate = f"{site}-1"
    plant_gate(
        office,
        gate,
        site,
        seen_ms=desk.clock.now_ms,
        last=5,
        upto=5,
        name=words.gate_zh,
        name_en=words.gate_en,
    )
    Commands(office).send_message(officer, gate, words.message, words.message, 60)
    _passages(desk, site, gate, ref, ref_of(office, rows[0], site))
    for number, paper in enumerate((ref, None)):
        LateEntries(office).add(officer, _paper(desk, gate, words, number, paper))
    items = _inbox(desk, site, gate, words, ref)
    staged = Uploads(office).stage(officer, words.file_name, _table(first))
    code = ""
    if office.config.authority is not None:
        ticket = Enrolments(office).make(officer, NewGate(f"{site}-9", words.gate_zh[:32]))
        code = ticket.code.token[:4]
        code = next(one.number for one in Enrolments(office).open_codes(site))
    return SiteThings(
        site=site,
        gate=gate,
        person=ref,
        other=ref_of(office, rows[0], site),
        card=words.card,
        registration=items["registration"],
        anomaly=items["anomaly"],
        paper=items["paper"],
        upload=staged.id,
        seen=staged.seen,
        code=code,
    )


def _numbered(row: RosterRow, first: int) -> dict[str, Any]:
    """Another person at another site."""
    index = int(row.cards[0].number) - 70_000_000 + first
    there = person(index)
    return {"id_number": there.id_number, "phone": there.phone, "cards": there.cards}


def _table(first: int) -> bytes:
    """A table with one person more and everybody else's cards and rooms as in no table."""
    return table(*(line(first + index) for index in range(PEOPLE + 1)))


def _passages(desk: Desk, site: str, gate: str, ref: bytes, other: bytes) -> None:
    now = desk.clock.now_ms
    rows = [
        passage_values(gate=gate, site=site, t_ms=now - 600_000, person=ref, temp_mc=36_500),
        passage_values(gate=gate, site=site, t_ms=now - 590_000, person=other, direction="out"),
        passage_values(gate=gate, site=site, t_ms=now - 580_000),
    ]
    with desk.office.database.writing("plant passages") as connection:
        connection.execute(insert(PASSAGE), rows)
    plant_log(desk.office, gate=gate, site=site, t_ms=now - 500_000, kind="round")


def _paper(desk: Desk, gate: str, words: Words, number: int, ref: bytes | None) -> PaperLine:
    return PaperLine(
        gate=gate,
        t_ms=desk.clock.now_ms - 3_600_000,
        direction="in",
        verdict="ALLOW",
        paper_no=f"1-{number}",
        person=ref,
        name=words.name[:64],
        document="E12345678",
        phone=words.phone[:64],
    )


def _inbox(desk: Desk, site: str, gate: str, words: Words, ref: bytes) -> dict[str, int]:
    """One item of each kind that can be opened, and an alert about the person; ids by kind."""
    public = public_of(desk.office.seal_key)
    visitor = {
        "name": words.name,
        "document_number": "E12345678",
        "phone": words.phone,
        "from": words.note,
        "to": f"3-2-{words.room}",
        "reason": words.note,
        "plate": words.name[:20],
        "companions": 1,
    }
    day, time = minute(desk.clock.now_ms - 7_200_000, desk.office.site(site).zone).split()
    slip = {
        "number": "7-1",
        "day": day,
        "time": time,
        "direction": "in",
        "outcome": "passed",
        "name": words.name[:64],
        "document_number": "E12345678",
        "phone": words.phone[:64],
        "room": f"3-2-{words.room}",
        "temp_mc": -1,
    }
    sealed = {
        "paper": seal_to(public, canonical(slip), paper_context(gate)),
        "note": seal_to(public, canonical({"text": words.note}), note_context(gate)),
        "registration": seal_to(public, canonical(visitor), registration_context(gate)),
        "anomaly": seal_to(public, canonical({"text": words.note}), anomaly_context(gate)),
        "fever": None,
    }
    code = {"registration": "visitor", "anomaly": "crowding", "fever": "TEMP_HIGH"}
    code |= {"paper": "passed", "note": "parcel"}
    with desk.office.database.writing("plant an inbox") as connection:
        for kind, box in sealed.items():
            connection.execute(
                insert(INBOX).values(
                    source=f"{site}/{kind}",
                    site=site,
                    gate=gate,
                    kind=kind,
                    code=code[kind],
                    t_ms=desk.clock.now_ms,
                    certain=True,
                    person=ref if kind == "fever" else None,
                    sealed=box,
                )
            )
        found = connection.execute(select(INBOX).where(INBOX.c.site == site))
        return {row.kind: int(row.id) for row in found}


def contents(database: HubDatabase, *without: str) -> Rows:
    """Return every row of every table but these, as texts in order.

    Without the audit, neither how many rows it has.
    """
    with database.reading() as connection:
        found = {
            name: sorted(repr(tuple(row)) for row in connection.execute(select(held)))
            for name, held in METADATA.tables.items()
            if name not in without
        }
    if AUDIT.name in without:
        found["setting"] = [row for row in found["setting"] if AUDIT_ROWS not in row]
    return found
