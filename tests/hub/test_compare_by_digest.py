"""Who a table says nothing new of is not opened, and that makes no difference to the difference."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.model import Appointment, Category, CredentialState, Status, StatusCode
from gated.hub.changes import ChangeRefused, Changes
from gated.hub.difference import Sender, compare, keyed
from gated.hub.office import Office
from gated.hub.register_entry import Entry, moment
from gated.hub.register_rows import load
from gated.hub.register_seal import DIGEST_LENGTH, digest_entry, digest_row
from gated.hub.roles import PROPERTY_STATUSES, Actor, Role
from gated.hub.schema_register import PERSON
from gated.hub.upload import Uploads
from gated.store.roster_build import Card, RosterRow
from gated.store.sealing import Sealer
from tests.support.office import NOW, Desk, open_desk
from tests.support.people import people, person, ref_of, take

KEY, REF = b"k" * 32, b"p" * 16
DAY_MS = 24 * 3_600_000
HOUR = timedelta(hours=1)


class Counting(Sealer):
    """Counts what is opened and sealed."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.opened = 0
        self.sealed = 0

    def open(self, sealed: bytes, person: bytes) -> list[str]:
        self.opened += 1
        return super().open(sealed, person)

    def seal(self, texts: list[str], person: bytes) -> bytes:
        self.sealed += 1
        return super().seal(texts, person)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    take(opened.office, opened.actor(), people(30))
    yield opened
    opened.office.database.close()


def counted(desk: Desk) -> tuple[Office, Counting]:
    sealer = Counting(desk.office.word_key)
    return replace(desk.office, sealer=sealer), sealer


def digests(desk: Desk) -> list[bytes | None]:
    with desk.office.database.reading() as connection:
        return list(connection.execute(PERSON.select().order_by(PERSON.c.ref)).scalars("digest"))


def test_only_those_who_change_or_go_are_opened_and_sealed(desk: Desk) -> None:
    office, sealer = counted(desk)
    uploads = Uploads(office)
    rows = [replace(person(0), name="新名"), *people(28)[1:]]
    compared = uploads.compared(desk.actor(), rows)
    counts = compared.difference.counts()
    assert (counts["changes"], counts["removes"], counts["unchanged"]) == (1, 2, 27)
    assert sealer.opened == 3
    large = [*rows, *(person(index) for index in range(100, 250))]  # goes out as a whole list
    compared = uploads.compared(desk.actor(), large)
    assert sealer.opened == 6
    uploads.push(desk.actor(), compared)
    assert sealer.sealed == 1 + 2 + 150


def test_everybody_with_a_status_is_compared_without_being_opened(desk: Desk) -> None:
    changes = Changes(desk.office)
    for index in range(30):
        changes.medicine(desk.actor(), ref_of(desk.office, person(index)))
    office, sealer = counted(desk)
    assert Uploads(office).compared(desk.actor(), people(30)).difference.empty
    assert sealer.opened == 0


def test_whose_cards_or_flags_an_office_decided_has_no_digest(desk: Desk) -> None:
    entry = Entry(REF, person(1), None)
    assert digest_entry(KEY, "east", entry) == digest_row(KEY, "east", REF, person(1))
    assert digest_entry(KEY, "east", replace(entry, office_cards=frozenset({"1"}))) is None
    assert digest_entry(KEY, "east", replace(entry, office_flags=frozenset({"elder"}))) is None


VARIANTS: list[dict[str, Any]] = [
    {"id_number": "1"}, {"name": "乙"}, {"phone": "1"}, {"building": "9"}, {"unit": "9"},
    {"room": "9"}, {"category": Category.TENANT}, {"cards": ()},
    {"cards": (Card("70000001", CredentialState.LOST),)}, {"cards": (Card("70000099"),)},
    {"cards": (Card("70000001"), Card("70000099"))}, {"flags": frozenset({"elder"})},
    {"start": NOW}, {"end": NOW}, {"appointment": Appointment(NOW, NOW, 1)},
    {"appointment": Appointment(NOW, NOW, 2)},
    {"appointment": Appointment(NOW, NOW + timedelta(milliseconds=1), 1)},
    {"appointment": Appointment(NOW - HOUR, NOW, 1)},
]  # fmt: skip


def test_every_value_of_a_line_its_person_site_and_key_make_another_digest() -> None:
    lines = [person(1), *(person(1, **changes) for changes in VARIANTS)]
    found = {digest_row(KEY, "east", REF, line) for line in lines}
    found.add(digest_row(KEY, "west", REF, person(1)))
    found.add(digest_row(KEY, "east", b"q" * 16, person(1)))
    found.add(digest_row(b"l" * 32, "east", REF, person(1)))
    assert len(found) == len(lines) + 3
    assert {len(digest) for digest in found if digest is not None} == {DIGEST_LENGTH}
    assert None not in found


def test_statuses_and_a_stated_card_do_not_count() -> None:
    line = person(1, statuses=(Status(StatusCode.RELEASED),))
    stated = replace(line, cards=(replace(line.cards[0], stated=True),))
    assert digest_row(KEY, "east", REF, stated) == digest_row(KEY, "east", REF, person(1))


def test_a_time_the_register_would_round_has_no_digest() -> None:
    between = NOW + timedelta(microseconds=1)
    assert digest_row(KEY, "east", REF, person(1, start=between)) is None
    assert digest_row(KEY, "east", REF, person(1, appointment=Appointment(NOW, between))) is None


def test_a_digest_is_kept_for_those_a_table_brought(desk: Desk) -> None:
    Changes(desk.office).lost_card(desk.actor(), ref_of(desk.office, person(1)))
    kept = digests(desk)
    assert (kept.count(None), len(set(kept))) == (1, 30)


# Any register, edited and uploaded in any order: the same difference as by opening everybody.

ROWS = st.builds(
    lambda index, name, phone, room, cards, status, rest: person(
        index,
        name=name,
        phone=phone,
        room=room,
        cards=tuple(replace(card, number=f"{card.number}{index}") for card in cards),
        statuses=(Status(status),) if status else (),
        **rest,
    ),
    st.integers(0, 5),
    st.sampled_from(["甲", "乙乙"]),
    st.sampled_from(["13800000000", "+86 138 0000 0000"]),
    st.sampled_from(["101", "102", "0101室"]),
    st.lists(
        st.builds(
            lambda number, state: Card(number, *state),
            st.sampled_from(["90", "91"]),
            st.sampled_from(
                [
                    (CredentialState.ACTIVE,),
                    (CredentialState.ACTIVE, True),
                    (CredentialState.LOST, True),
                ]
            ),
        ),
        max_size=2,
        unique_by=lambda card: card.number,
    ),
    st.sampled_from([None, None, StatusCode.HOME_QUARANTINE, StatusCode.MEDICINE_BUYER]),
    st.sampled_from(
        [
            {},
            {},
            {"flags": frozenset({"registered"})},
            {"category": Category.VISITOR, "appointment": Appointment(NOW, NOW, 1)},
            {"category": Category.VISITOR, "appointment": Appointment(NOW - HOUR, NOW, 1)},
            {"category": Category.VISITOR, "appointment": Appointment(NOW, NOW + HOUR, 1)},
            {"start": NOW - timedelta(days=1), "end": NOW + timedelta(days=9)},
        ]
    ),
)
TABLES = st.lists(ROWS, max_size=6, unique_by=lambda row: row.id_number)
EDITS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), max_size=4)


def edit(desk: Desk, kind: int, index: int) -> None:
    """Do one of the single changes; those that cannot be made are left out."""
    changes, actor, row = Changes(desk.office), desk.actor(), person(index)
    ref = ref_of(desk.office, row)
    with suppress(ChangeRefused):
        match kind:
            case 0:
                changes.add(actor, row)
            case 1:
                changes.lost_card(actor, ref)
            case 2:
                changes.new_card(actor, ref, f"88{index}")
            case 3:
                changes.medicine(actor, ref, moment(desk.clock.now_ms + DAY_MS // 2))
            case 4:
                changes.arrival(actor, ref, StatusCode.FROM_OTHER_PROVINCE)
            case 5:
                changes.filed(actor, ref)
            case _:
                changes.quarantine(actor, ref, None, None)


def check(desk: Desk, rows: list[RosterRow]) -> None:
    office = desk.office
    keys, now = office.site("east").keys, moment(desk.clock.now_ms)
    table = keyed(rows, keys)
    with office.database.reading() as connection:
        opened = load(connection, office, "east", None)
        by_digest = load(connection, office, "east", None, table)
        back = load(connection, office, "east", [ref for ref in table if ref not in opened])
    assert by_digest == opened
    senders = [Sender("a", lambda code: True, now)]
    senders.append(Sender("b", lambda code: code in PROPERTY_STATUSES, now))
    for sender in senders:
        # Lines of their own, so that nobody is told to stay because the very line came back.
        copies = {ref: replace(row) for ref, row in table.items()}
        wanted = compare(opened | back, copies, keys, sender)
        assert compare(by_digest | back, table, keys, sender) == wanted


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(TABLES, EDITS, st.booleans(), st.integers(0, 2)), max_size=3), TABLES)
def test_the_difference_is_the_same_as_by_opening_everybody(
    steps: list[tuple[list[RosterRow], list[tuple[int, int]], bool, int]], last: list[RosterRow]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = open_desk(Path(folder))
        try:
            for rows, edits, officer, days in steps:
                check(desk, rows)
                actor: Actor = desk.actor(Role.OFFICER if officer else Role.PROPERTY)
                uploads = Uploads(desk.office)
                compared = uploads.compared(actor, rows)
                uploads.push(actor, compared, len(compared.difference.removes))
                check(desk, rows)  # the same again: nearly nobody is opened
                for kind, index in edits:
                    edit(desk, kind, index)
                desk.clock.now_ms += days * DAY_MS
                check(desk, rows)
            check(desk, last)
        finally:
            desk.office.database.close()
