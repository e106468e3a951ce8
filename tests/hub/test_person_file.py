"""One person, one file: what stands in it, who may look, what may be written and who did it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from gated.hub.observation import DueState
from gated.hub.person_course import StepKind, course
from gated.hub.person_file import (
    BACK_DAYS,
    DAY_MS,
    TEXT_MAX,
    File,
    PersonFile,
    PersonRefused,
)
from gated.hub.person_rows import StatusRow
from gated.hub.roles import Role
from gated.hub.schema_records import INBOX
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant
from tests.support.residents import plant_person, plant_status

HOUR = 3_600_000
MORNING = NOON_MS - 3 * HOUR  # 09:00, the first of the two readings of a day


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = open_desk(tmp_path)
    yield found
    found.office.database.close()


def opened(desk: Desk, ref: bytes, **more: object) -> File:
    return PersonFile(desk.office).of(desk.actor(), ref, "follow-up", **more)  # type: ignore[arg-type] - of a table of cases


def refusal(desk: Desk, *args: object, role: Role = Role.OFFICER, **more: object) -> str:
    with pytest.raises(PersonRefused) as caught:
        PersonFile(desk.office).add_reading(desk.actor(role), *args, **more)  # type: ignore[arg-type] - of a table of cases
    return caught.value.code


class TestWhoLooks:
    def test_the_file_is_masked_until_the_identity_is_asked_for(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        file = opened(desk, ref)
        assert (file.name, file.room, file.phone) == ("王*明", "3-2-1**", "138****0001")
        assert file.document.endswith("001X")
        assert file.document.startswith("*")
        assert file.identity is None
        full = opened(desk, ref, full=True)
        assert full.identity is not None
        assert (full.identity.name, full.identity.room) == ("王小明", "3-2-101")
        assert full.identity.document == "11010119900101001X"

    def test_each_look_is_audited_with_its_reason_and_identity_apart(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        opened(desk, ref)
        opened(desk, ref, full=True)
        rows = desk.office.audit.rows("east")
        assert [(row.action, row.target, row.reason) for row in rows] == [
            ("identity", ref.hex(), "follow-up"),
            ("look_up", ref.hex(), "follow-up"),
        ]

    def test_nobody_looks_without_a_reason(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        with pytest.raises(PersonRefused, match="reason"):
            PersonFile(desk.office).of(desk.actor(), ref, "  ")
        assert desk.office.audit.rows("east") == []

    @pytest.mark.parametrize("role", [Role.PROPERTY, Role.AUDITOR])
    def test_only_officers_look_and_write(self, desk: Desk, role: Role) -> None:
        ref = plant_person(desk.office)
        files = PersonFile(desk.office)
        with pytest.raises(PersonRefused, match=role.value):
            files.of(desk.actor(role), ref, "curious")
        with pytest.raises(PersonRefused, match=role.value):
            files.add_note(desk.actor(role), ref, "hello")
        assert refusal(desk, ref, NOON_MS, 36_500, role=role) == "role"

    def test_another_sites_person_is_unknown_here(self, desk: Desk) -> None:
        ref = plant_person(desk.office, site="west")
        with pytest.raises(PersonRefused, match="register"):
            opened(desk, ref)
        assert refusal(desk, ref, NOON_MS, 36_500) == "unknown"

    def test_a_file_shows_only_what_its_own_site_recorded(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        plant(desk.office, gate="east-1", t_ms=NOON_MS, person=ref)
        plant(desk.office, gate="west-1", t_ms=NOON_MS, person=ref, site="west", temp_mc=36_500)
        plant_status(desk.office, ref, "confirmed", start=MORNING, site="west")
        file = opened(desk, ref)
        assert [line.key.gate for line in file.passages] == ["east-1"]
        assert (file.statuses, file.temperatures) == ((), ())

    def test_who_left_the_list_still_has_a_file(self, desk: Desk) -> None:
        ref = plant_person(desk.office, removed_ms=NOON_MS - HOUR)
        assert opened(desk, ref).removed_ms == NOON_MS - HOUR


class TestWhatStandsInIt:
    def test_the_household_is_named_masked_with_what_stands(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        other = plant_person(desk.office, "李四", number=2)
        plant_person(desk.office, "邻居", number=3, room="102")
        plant_status(desk.office, other, "home_quarantine", start=MORNING)
        (member,) = opened(desk, ref).household
        assert (member.ref, member.name, member.standing) == (other, "李*", ("home_quarantine",))

    def test_statuses_come_with_their_history_newest_first(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        plant_status(
            desk.office, ref, "from_epidemic_area", start=MORNING - DAY_MS, ended_ms=MORNING
        )
        plant_status(desk.office, ref, "observation", start=MORNING, end=NOON_MS + DAY_MS)
        file = opened(desk, ref)
        assert [item.code for item in file.statuses] == ["observation", "from_epidemic_area"]
        assert file.statuses[1].ended_by == "officer-east"
        assert file.standing == ("observation",)

    def test_a_status_to_come_does_not_stand_yet(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        plant_status(desk.office, ref, "observation", start=NOON_MS + 1, set_ms=MORNING)
        assert opened(desk, ref).standing == ()

    def test_temperatures_come_from_gates_and_from_hand(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        plant(desk.office, gate="east-1", t_ms=MORNING, person=ref, temp_mc=36_400)
        PersonFile(desk.office).add_reading(desk.actor(), ref, NOON_MS, 36_800)
        found = opened(desk, ref).temperatures
        assert [(one.value_mc, one.by, one.at_gate) for one in found] == [
            (36_800, "officer-east", False),
            (36_400, "east-1", True),
        ]

    def test_a_gates_reading_counts_for_what_is_due(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        plant_status(desk.office, ref, "observation", start=MORNING - DAY_MS)
        plant(desk.office, gate="east-1", t_ms=MORNING + HOUR, person=ref, temp_mc=36_400)
        states = [item.state for item in opened(desk, ref).due]
        assert states == [DueState.OVERDUE, DueState.OVERDUE, DueState.DONE]

    def test_a_reading_of_an_unsure_clock_proves_nothing(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        plant_status(desk.office, ref, "observation", start=MORNING)
        plant(desk.office, gate="e", t_ms=MORNING, person=ref, temp_mc=36_400, certain=False)
        assert [item.state for item in opened(desk, ref).due] == [DueState.OVERDUE]

    def test_inbox_items_about_the_person_are_listed(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        PersonFile(desk.office).add_reading(desk.actor(), ref, NOON_MS, 37_300)
        file = opened(desk, ref)
        (item,) = file.inbox
        assert (item.kind, item.acked_ms) == ("fever", None)
        assert file.open_items == (item,)

    def test_the_course_is_everything_in_one_line_newest_first(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        plant_status(
            desk.office, ref, "observation", start=MORNING - HOUR, set_ms=MORNING - 2 * HOUR
        )
        plant(desk.office, gate="east-1", t_ms=MORNING + 1, person=ref)
        desk.clock.now_ms = NOON_MS
        files = PersonFile(desk.office)
        files.add_note(desk.actor(), ref, "called, feels well")
        files.add_reading(desk.actor(), ref, NOON_MS - 7 * HOUR, 37_500)
        kinds = [step.kind for step in opened(desk, ref).course]
        assert kinds == [
            StepKind.NOTE,
            StepKind.PASSAGE,
            StepKind.MISSED,
            StepKind.STATUS_BEGAN,
            StepKind.STATUS_SET,
            StepKind.READING,
            StepKind.INBOX,
        ]

    def test_the_course_tells_how_a_status_ended(self) -> None:
        base = StatusRow(b"", 1, "observation", 10, 30, "office", "a", 10, "", None)
        over = StatusRow(b"", 2, "observation", 10, 30, "office", "a", 10, "b", 20)
        steps = course([base, over], [], [], [], [], 40)
        assert [(step.kind, step.t_ms, step.by) for step in steps if step.t_ms > 10] == [
            (StepKind.STATUS_OVER, 30, ""),
            (StepKind.STATUS_ENDED, 20, "b"),
        ]
        assert all(step.t_ms <= 15 for step in course([base], [], [], [], [], 15))


class TestWriting:
    def test_notes_lie_sealed_and_open_again(self, desk: Desk, tmp_path: Path) -> None:
        ref = plant_person(desk.office)
        PersonFile(desk.office).add_note(desk.actor(), ref, "  <b>坐过 G1234 次列车</b>\n ")
        (note,) = opened(desk, ref).notes
        assert (note.text, note.entered_by) == ("<b>坐过 G1234 次列车</b>", "officer-east")
        with sqlite3.connect(tmp_path / "hub.db") as connection:
            (sealed,) = connection.execute("SELECT sealed FROM note").fetchone()
        connection.close()
        assert b"G1234" not in sealed

    def test_what_was_written_is_audited_without_its_words(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        files = PersonFile(desk.office)
        files.add_note(desk.actor(), ref, "private words")
        files.add_reading(desk.actor(), ref, NOON_MS, 36_500, "also private")
        rows = desk.office.audit.rows("east")
        assert [(row.action, row.target, row.result) for row in rows] == [
            ("note", ref.hex(), "reading"),
            ("note", ref.hex(), "note"),
        ]
        assert "private" not in repr(rows)

    @pytest.mark.parametrize("value_mc", [34_000, 37_299, 42_900])
    def test_a_body_temperature_is_taken(self, desk: Desk, value_mc: int) -> None:
        ref = plant_person(desk.office)
        PersonFile(desk.office).add_reading(desk.actor(), ref, NOON_MS, value_mc)
        assert opened(desk, ref).temperatures[0].value_mc == value_mc

    @given(value_mc=st.integers(-50_000, 100_000).filter(lambda n: not 34_000 <= n <= 42_900))
    def test_anything_else_is_none(self, value_mc: int, desk_once: Desk) -> None:
        assert refusal(desk_once, bytes(16), NOON_MS, value_mc) == "value"

    def test_times_ahead_and_long_ago_are_refused(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        assert refusal(desk, ref, NOON_MS + 1, 36_500) == "future"
        assert refusal(desk, ref, NOON_MS - BACK_DAYS * DAY_MS - 1, 36_500) == "old"
        PersonFile(desk.office).add_reading(desk.actor(), ref, NOON_MS - BACK_DAYS * DAY_MS, 36_500)

    @pytest.mark.parametrize(("text", "code"), [(" \n", "empty"), ("x" * (TEXT_MAX + 1), "long")])
    def test_a_note_has_words_and_not_too_many(self, desk: Desk, text: str, code: str) -> None:
        ref = plant_person(desk.office)
        with pytest.raises(PersonRefused) as caught:
            PersonFile(desk.office).add_note(desk.actor(), ref, text)
        assert caught.value.code == code
        assert opened(desk, ref).notes == ()

    def test_a_note_of_the_longest_length_is_kept_whole(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        PersonFile(desk.office).add_note(desk.actor(), ref, "测" * TEXT_MAX)
        assert len(opened(desk, ref).notes[0].text) == TEXT_MAX

    def test_a_fever_raises_one_item_and_less_raises_none(self, desk: Desk) -> None:
        ref = plant_person(desk.office)
        files = PersonFile(desk.office)
        files.add_reading(desk.actor(), ref, MORNING, 37_299)
        number = files.add_reading(desk.actor(), ref, NOON_MS, 37_300)
        with desk.office.database.reading() as connection:
            rows = connection.execute(select(INBOX)).all()
        assert [
            (row.source, row.site, row.kind, row.code, row.person, row.t_ms) for row in rows
        ] == [(f"reading:{number}", "east", "fever", "TEMP_CLINICAL_HIGH", ref, NOON_MS)]

    def test_a_refused_reading_leaves_nothing(self, desk: Desk) -> None:
        refusal(desk, bytes(16), NOON_MS, 38_000)
        with desk.office.database.reading() as connection:
            assert connection.execute(select(INBOX)).all() == []


class TestObservation:
    def test_those_overdue_come_first_and_longest_first(self, desk: Desk) -> None:
        office = desk.office
        late, later, fine = (plant_person(office, number=n) for n in (1, 2, 3))
        plant_status(office, late, "observation", start=MORNING)
        plant_status(office, later, "home_quarantine", start=MORNING - DAY_MS)
        plant_status(office, fine, "close_contact", start=MORNING)
        PersonFile(office).add_reading(desk.actor(), fine, MORNING, 36_600)
        found = PersonFile(office).watched("east")
        assert [one.ref for one in found] == [later, late, fine]
        assert [len(one.overdue) for one in found] == [3, 1, 0]
        assert found[2].last is not None
        assert found[2].last.value_mc == 36_600
        assert [one.ref for one in PersonFile(office).overdue("east")] == [later, late]

    def test_ended_released_moved_and_foreign_people_are_not_watched(self, desk: Desk) -> None:
        office = desk.office
        ended, over, freed = (plant_person(office, number=n) for n in (1, 2, 3))
        gone = plant_person(office, number=4, removed_ms=MORNING)
        there = plant_person(office, number=5, site="west")
        start = MORNING - DAY_MS
        plant_status(office, ended, "observation", start=start, ended_ms=MORNING)
        plant_status(office, over, "observation", start=start, end=MORNING)
        plant_status(office, freed, "observation", start=start)
        plant_status(office, freed, "released", start=MORNING)
        plant_status(office, gone, "observation", start=start)
        plant_status(office, there, "observation", start=start, site="west")
        assert PersonFile(office).watched("east") == []

    def test_many_are_found_with_few_questions(self, desk: Desk) -> None:
        office = desk.office
        with office.database.writing("plant") as connection:
            from gated.hub.schema_register import PERSON, STATUS

            refs = [n.to_bytes(16, "big") for n in range(900)]
            person = {
                "site": "east", "category": "resident", "flags": "[]", "sealed": b"",
                "origin": "table", "version": 1, "changed_rev": 1, "changed_ms": 0,
            }  # fmt: skip
            connection.execute(insert(PERSON), [person | {"ref": ref} for ref in refs])
            status = {
                "site": "east", "code": "observation", "start_ms": MORNING, "origin": "office",
                "set_by": "x", "set_ms": MORNING, "ended_by": "",
            }  # fmt: skip
            connection.execute(insert(STATUS), [status | {"ref": ref} for ref in refs])
        assert len(PersonFile(office).overdue("east")) == 900


@pytest.fixture(scope="module")
def desk_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    found = open_desk(tmp_path_factory.mktemp("desk"))
    yield found
    found.office.database.close()
