"""The register finds people by what is known of them, and says nothing to a thief."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.model import Category
from gated.hub import register_words
from gated.hub.changes import Changes
from gated.hub.register import FOUND_MAX, Register
from gated.hub.roles import Role
from gated.hub.schema_register import PERSON_WORD
from gated.store.roster_build import Card
from tests.support.office import Desk, open_desk
from tests.support.people import people, person, ref_of, take


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    yield opened
    opened.office.database.close()


@pytest.fixture
def full(desk: Desk) -> Desk:
    take(desk.office, desk.actor(), people(12))
    return desk


def test_a_person_comes_back_as_they_went_in(desk: Desk) -> None:
    row = person(1, category=Category.TENANT, flags=frozenset({"elder"}))
    take(desk.office, desk.actor(), [row])
    entry = Register(desk.office).entry("east", ref_of(desk.office, row))
    assert entry is not None
    assert (entry.row, entry.origin, entry.version) == (row, "table", 1)
    assert (entry.removed_ms, entry.changed_ms) == (None, desk.clock.now_ms)


@pytest.mark.parametrize(
    "words",
    [
        person(5).id_number,
        person(5).id_number.lower(),
        " ".join(person(5).id_number),
        person(5).name,
        "王 " + person(5).name[1:],
        person(5).phone,
        "+86 " + person(5).phone,
        person(5).cards[0].number,
        "00" + person(5).cards[0].number,
        person(5).id_number[-4:],
        person(5).phone[-4:],
    ],
)
def test_a_person_is_found_by_what_people_write(full: Desk, words: str) -> None:
    assert ref_of(full.office, person(5)) in Register(full.office).find("east", words)


@pytest.mark.parametrize("words", ["3-2-102", "3栋2单元102室", "3号楼2单元102", "03-02-0102"])
def test_a_room_finds_everybody_in_it(full: Desk, words: str) -> None:
    expected = {ref_of(full.office, person(index)) for index in range(4, 8)}
    assert set(Register(full.office).find("east", words)) == expected


def test_a_short_pseudonym_is_a_name_too(full: Desk) -> None:
    ref = ref_of(full.office, person(5))
    register = Register(full.office)
    assert register.find("east", ref.hex()[:8]) == [ref]
    assert register.find("east", ref.hex().upper()) == [ref]
    assert register.find("east", ref.hex()[:7]) == []


@pytest.mark.parametrize("words", ["", "   ", "nobody", "9-9-999", "9999", "x" * 500, "%", "'"])
def test_strangers_are_not_found(full: Desk, words: str) -> None:
    assert Register(full.office).find("east", words) == []


def test_an_old_number_of_fifteen_digits_finds_its_person(desk: Desk) -> None:
    row = person(1, id_number="11010519491231002X")
    take(desk.office, desk.actor(), [row])
    assert Register(desk.office).find("east", "110105491231002") == [ref_of(desk.office, row)]


def test_at_most_fifty_are_found(desk: Desk) -> None:
    same = [person(index, name="张伟") for index in range(FOUND_MAX + 10)]
    take(desk.office, desk.actor(), same)
    assert len(Register(desk.office).find("east", "张伟")) == FOUND_MAX


def test_nobody_is_found_at_another_site(full: Desk) -> None:
    register = Register(full.office)
    ref = ref_of(full.office, person(5))
    assert register.find("west", person(5).id_number) == []
    assert register.find("west", ref.hex()) == []
    assert register.entry("west", ref) is None
    assert register.entries("west", [ref]) == {}
    household = register.entries("east", [ref])[ref].household
    assert household is not None
    assert register.household("west", household) == []
    assert (register.count("east"), register.count("west")) == (12, 0)


def test_the_household_is_everybody_in_the_room_now(full: Desk) -> None:
    register = Register(full.office)
    entry = register.entry("east", ref_of(full.office, person(5)))
    assert entry is not None
    assert entry.household is not None
    four = {ref_of(full.office, person(index)) for index in range(4, 8)}
    assert {e.ref for e in register.household("east", entry.household)} == four
    take(full.office, full.actor(), [row for row in people(12) if row != person(6)])
    left = register.household("east", entry.household)
    assert {e.ref for e in left} == four - {ref_of(full.office, person(6))}


def test_removed_people_keep_their_name_and_are_found_last(full: Desk) -> None:
    gone, stays = person(1), person(2)
    take(full.office, full.actor(), [replace(r, name="李雷") for r in people(12)])
    take(full.office, full.actor(), [replace(r, name="李雷") for r in people(12) if r != gone])
    register = Register(full.office)
    found = register.find("east", "李雷")
    assert found[-1] == ref_of(full.office, gone)
    assert ref_of(full.office, stays) in found
    entry = register.entry("east", ref_of(full.office, gone))
    assert entry is not None
    assert (entry.row.name, entry.removed_ms) == ("李雷", full.clock.now_ms)
    assert entry.ref not in register.everyone("east")


def test_old_words_lead_nowhere_after_a_correction(full: Desk) -> None:
    renamed = [replace(r, name="新名") if r == person(5) else r for r in people(12)]
    take(full.office, full.actor(), renamed)
    register = Register(full.office)
    assert register.find("east", person(5).name) == []
    assert register.find("east", "新名") == [ref_of(full.office, person(5))]


def test_what_is_shown_is_masked(full: Desk) -> None:
    register = Register(full.office)
    entry = register.entry("east", ref_of(full.office, person(5)))
    assert entry is not None
    shown = register.shown(entry)
    assert shown.name.startswith("王*")
    assert shown.room == "3-2-1**"
    assert shown.phone == "138****0005"
    assert shown.document == "*" * 14 + person(5).id_number[-4:]
    everything = repr(entry)
    assert person(5).name not in everything
    assert person(5).id_number not in everything


def test_the_file_holds_no_name_number_room_or_card(full: Desk, tmp_path: Path) -> None:
    Changes(full.office).lost_card(full.actor(), ref_of(full.office, person(5)))
    with full.office.database.reading() as connection:
        assert connection.execute(PERSON_WORD.select()).first() is not None
    full.office.database.close()
    files = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
    for row in people(12):
        for text in (row.name, row.id_number, row.phone, row.cards[0].number):
            assert text.encode() not in files


def test_words_of_two_sites_and_two_keys_have_nothing_in_common() -> None:
    row = person(1)
    here = register_words.of_row(b"k" * 32, "east", row)
    assert len(here) == 6
    assert not here & register_words.of_row(b"k" * 32, "west", row)
    assert not here & register_words.of_row(b"o" * 32, "east", row)


def test_a_property_office_reads_the_same_register(full: Desk) -> None:
    actor = full.actor(Role.PROPERTY)
    pushed = take(full.office, actor, [*people(12), person(20)])
    assert (pushed.rev, len(pushed.difference.adds)) == (2, 1)


@given(st.text(max_size=120))
def test_any_words_may_be_searched(text: str) -> None:
    asked = register_words.asked(b"k" * 32, "east", text)
    assert all(len(word) == register_words.WORD_LENGTH for word in asked)
    room = register_words.room_of(b"s" * 32, text)
    assert room is None or len(room) == 16
    span = register_words.pseudonym_span(text)
    assert span is None or span[0] <= span[1]


@given(
    st.text(min_size=1, max_size=8),
    st.from_regex(r"1[0-9]{10}", fullmatch=True),
    st.from_regex(r"[0-9A-F]{6,10}", fullmatch=True),
)
def test_what_goes_into_a_row_finds_it_again(name: str, phone: str, card: str) -> None:
    row = person(1, name=name, phone=phone, cards=(Card(card),))
    held = register_words.of_row(b"k" * 32, "east", row)
    for text in (name.strip(), phone, f"0086{phone}", card.lower()):
        if text:
            assert set(register_words.asked(b"k" * 32, "east", text)) & held
