"""A person is found by number, card, pass or room, and shown only masked."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core import pseudonym
from gated.core.model import (
    Appointment,
    Category,
    CredentialKind,
    CredentialState,
    Display,
    Person,
    Status,
    StatusCode,
)
from gated.errors import StoreError
from gated.store.keys import SiteKeys
from gated.store.roster import Roster
from gated.store.roster_build import Card, RosterInfo, RosterRow, build, file_digest
from gated.store.sealing import Sealer

START = datetime(2020, 2, 10, 6, tzinfo=UTC)
END = datetime(2020, 2, 24, 16, tzinfo=UTC)
QUARANTINE = Status(StatusCode.HOME_QUARANTINE, START, END)
WATCH = Status(StatusCode.WATCH, None, END)

Resident = Callable[..., RosterRow]
NumberOf = Callable[[int], str]
BuildRoster = Callable[..., RosterInfo]


@pytest.fixture
def roster(
    tmp_path: Path, keys: SiteKeys, build_roster: BuildRoster, person: Resident
) -> Iterator[Roster]:
    build_roster(
        [
            person(1),
            person(2, room="102", cards=(Card("7002", CredentialState.LOST), Card("8002"))),
            person(3, room="102", statuses=(QUARANTINE,), flags=frozenset({"elder", "minor"})),
            person(
                4,
                category=Category.VISITOR,
                room="102",
                cards=(),
                statuses=(WATCH,),
                appointment=Appointment(START, END, 2),
            ),
            person(5, id_number="", category=Category.COURIER, building="", unit="", room=""),
            person(6, category=Category.STAFF, start=START, end=END),
        ],
        rev=7,
        made_utc_ms=1234,
    )
    with closing(Roster(tmp_path / "new.tmp", keys)) as opened:
        yield opened


def test_the_file_says_what_it_is(roster: Roster) -> None:
    found = (roster.rev, roster.made_utc_ms, roster.persons, roster.credentials, roster.site)
    assert found == (7, 1234, 6, 6, "park")


def test_a_number_finds_its_person(roster: Roster, keys: SiteKeys, number_of: NumberOf) -> None:
    holder = roster.by_id_number(number_of(1))
    ref = pseudonym.person_ref(keys.site, number_of(1))
    home = pseudonym.room_ref(keys.site, "3", "2", "102")
    assert holder.person == Person(ref, Category.RESIDENT, home)
    assert holder.credential.kind is CredentialKind.ID_CARD
    assert holder.credential.state is CredentialState.ACTIVE
    assert holder.credential.ref == ref
    assert holder.display == Display(), "decrypting is a step of its own"
    assert roster.person(ref) == holder.person


def test_an_unknown_number_is_nobody(roster: Roster, keys: SiteKeys, number_of: NumberOf) -> None:
    holder = roster.by_id_number(number_of(99))
    assert holder.person is None
    assert holder.credential.state is CredentialState.UNKNOWN
    assert holder.credential.ref == pseudonym.person_ref(keys.site, number_of(99))
    assert roster.person(bytes(16)) is None


def test_another_number_of_the_same_document_finds_the_person(
    roster: Roster, number_of: NumberOf
) -> None:
    holder = roster.by_id_number(number_of(99), (number_of(98), number_of(3)))
    assert holder.person == roster.by_id_number(number_of(3)).person
    assert holder.person is not None


def test_statuses_flags_and_appointment_come_back(roster: Roster, number_of: NumberOf) -> None:
    ill = roster.by_id_number(number_of(3)).person
    visitor = roster.by_id_number(number_of(4)).person
    assert ill is not None
    assert visitor is not None
    assert ill.statuses == (QUARANTINE,)
    assert ill.flags == {"elder", "minor"}
    assert visitor.appointment == Appointment(START, END, 2)
    assert visitor.statuses == (WATCH,)


def test_a_household_shares_what_is_known_of_its_members_only(
    roster: Roster, number_of: NumberOf
) -> None:
    """The visitor of room 102 learns of the quarantine there; nobody there of the visitor."""
    for number in (2, 3, 4):
        assert roster.by_id_number(number_of(number)).household_statuses == (QUARANTINE,)
    assert roster.by_id_number(number_of(6)).household_statuses == ()


def test_validity_of_an_entry_is_that_of_its_credentials(
    roster: Roster, number_of: NumberOf
) -> None:
    for holder in (roster.by_id_number(number_of(6)), roster.by_card("7006")):
        assert (holder.credential.start, holder.credential.end) == (START, END)


def test_a_card_finds_its_person_with_the_state_of_the_card(
    roster: Roster, keys: SiteKeys, number_of: NumberOf
) -> None:
    lost, active = roster.by_card("7002"), roster.by_card("0008002")
    owner = roster.by_id_number(number_of(2)).person
    assert lost.person == active.person == owner
    assert lost.credential.state is CredentialState.LOST
    assert active.credential.state is CredentialState.ACTIVE
    assert active.credential.ref == pseudonym.card_ref(keys.site, "8002")
    assert active.household_statuses == (QUARANTINE,)


def test_an_unknown_card_is_nobody(roster: Roster) -> None:
    holder = roster.by_card("9999")
    assert (holder.person, holder.credential.state) == (None, CredentialState.UNKNOWN)


def test_somebody_without_a_number_is_known_by_card(roster: Roster) -> None:
    holder = roster.by_card("7005")
    assert holder.person is not None
    assert holder.person.category is Category.COURIER
    assert holder.person.household is None


def test_the_reference_of_a_pass_finds_the_person(
    roster: Roster, keys: SiteKeys, number_of: NumberOf
) -> None:
    ref = pseudonym.person_ref(keys.site, number_of(3))
    holder = roster.by_reference(ref[:8])
    assert holder.person is not None
    assert holder.person.ref == ref
    assert holder.credential.kind is CredentialKind.QR
    assert roster.by_reference(ref).person == holder.person
    assert roster.by_reference(bytes(8)).person is None


def test_a_reference_of_two_people_is_nobody(roster: Roster) -> None:
    holder = roster.by_reference(b"")
    assert (holder.person, holder.credential.state) == (None, CredentialState.UNKNOWN)


def test_a_room_lists_its_people_masked(roster: Roster, number_of: NumberOf) -> None:
    holders = roster.by_room("3栋", "2单元", "102室")
    expected = {roster.by_id_number(number_of(n)).person for n in (1, 2, 3, 4)}
    assert {holder.person for holder in holders} == expected
    assert {holder.display for holder in holders} == {Display("王*明", "3-2-1**")}
    assert roster.by_room("3", "2", "999") == []


def test_a_household_lists_the_people_of_its_room(roster: Roster) -> None:
    in_room = roster.by_room("3", "2", "102")
    person = in_room[0].person
    assert person is not None
    assert person.household is not None
    assert roster.by_household(person.household) == in_room
    assert roster.by_household(bytes(16)) == []


def test_display_of_nobody_is_empty(roster: Roster) -> None:
    assert roster.display(bytes(16)) == Display()


def test_counts_name_categories_and_statuses(roster: Roster) -> None:
    categories, statuses = roster.counts()
    assert categories == {"resident": 3, "visitor": 1, "courier": 1, "staff": 1}
    assert statuses == {"home_quarantine": 1, "watch": 1}


def test_another_rest_key_shows_nothing(tmp_path: Path, roster: Roster, keys: SiteKeys) -> None:
    ref = roster.by_card("7001").credential.ref
    owner = roster.by_card("7001").person
    assert owner is not None
    with closing(Roster(tmp_path / "new.tmp", SiteKeys(keys.site, bytes(32)))) as other:
        with pytest.raises(StoreError, match="another rest key"):
            other.display(owner.ref)
        assert other.by_card("7001").credential.ref == ref


def test_no_name_number_room_or_phone_is_in_the_file(
    tmp_path: Path, keys: SiteKeys, number_of: NumberOf
) -> None:
    """Canaries in every field; looked for as UTF-8, UTF-16 and GB18030, whole and masked."""
    canary = RosterRow(
        Category.TENANT,
        id_number=number_of(77),
        name="欧阳金丝雀",
        phone="13912345678",
        building="83",
        unit="94",
        room="2605",
        cards=(Card("C0FFEE7788"),),
        statuses=(QUARANTINE,),
    )
    build([canary], keys, tmp_path / "new.tmp", 1, 1, "park")
    content = (tmp_path / "new.tmp").read_bytes()
    secrets = [
        number_of(77), "金丝雀", "欧阳", "欧***雀", "13912345678", "139****5678",
        "2605", "83-94", "C0FFEE7788", "c0ffee7788",
    ]  # fmt: skip
    for secret in secrets:
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            assert secret.encode(encoding) not in content, secret
    assert keys.site not in content
    assert keys.rest not in content


def test_repr_of_a_row_names_nobody(person: Resident, number_of: NumberOf) -> None:
    text = repr(person(1))
    for secret in ("王小明", number_of(1), "13800001234", "7001", "102"):
        assert secret not in text


def test_info_describes_the_finished_file(
    tmp_path: Path, build_roster: BuildRoster, person: Resident
) -> None:
    info = build_roster([person(n) for n in range(50)], rev=3)
    path = tmp_path / "new.tmp"
    assert (info.rev, info.persons, info.credentials) == (3, 50, 50)
    assert (info.sha256, info.size) == (file_digest(path), path.stat().st_size)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal"
        assert connection.execute("PRAGMA page_size").fetchone()[0] == 4096
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0
        assert connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"


def test_a_person_twice_is_refused_and_leaves_no_file(
    tmp_path: Path, build_roster: BuildRoster, person: Resident
) -> None:
    with pytest.raises(ValueError, match="twice"):
        build_roster([person(1), person(1)])
    assert not (tmp_path / "new.tmp").exists()


def test_a_file_of_another_schema_is_refused(
    tmp_path: Path, keys: SiteKeys, build_roster: BuildRoster, person: Resident
) -> None:
    build_roster([person(1)])
    with closing(sqlite3.connect(tmp_path / "new.tmp")) as connection, connection:
        connection.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    with pytest.raises(StoreError, match="schema 99, this program reads 1"):
        Roster(tmp_path / "new.tmp", keys)


def test_a_file_that_is_no_roster_is_refused(tmp_path: Path, keys: SiteKeys) -> None:
    (tmp_path / "x.db").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot read"):
        Roster(tmp_path / "x.db", keys)


@settings(max_examples=30)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5), st.binary(max_size=20)
)
def test_sealed_texts_open_for_their_person_only(texts: list[str], person: bytes) -> None:
    sealer = Sealer(bytes(32))
    sealed = sealer.seal(texts, person)
    assert sealer.open(sealed, person) == texts
    assert sealer.seal(texts, person) != sealed
    with pytest.raises(StoreError):
        sealer.open(sealed, person + b"x")
    with pytest.raises(StoreError):
        Sealer(b"k" * 32).open(sealed, person)
    for position in range(len(sealed)):
        flipped = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(StoreError):
            sealer.open(flipped, person)
    for length in range(len(sealed)):
        with pytest.raises(StoreError):
            sealer.open(sealed[:length], person)
