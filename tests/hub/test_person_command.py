"""`gated hub person`: looking into a file and writing into it from a terminal."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gated.hub.person_file import PersonFile
from tests.support.hub_command import hub
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant
from tests.support.residents import plant_person, plant_status

HOUR = 3_600_000


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = open_desk(tmp_path)
    yield found
    found.office.database.close()


def file_of(desk: Desk, ref: bytes) -> PersonFile:
    desk.clock.now_ms = 10**14  # whatever a command wrote is in the past
    return PersonFile(desk.office)


def test_a_file_is_printed_masked_with_its_course(desk: Desk, tmp_path: Path) -> None:
    ref = plant_person(desk.office)
    plant_person(desk.office, "李四", number=2)
    plant(desk.office, gate="east-1", t_ms=NOON_MS, person=ref, temp_mc=36_400)
    plant_status(desk.office, ref, "observation", start=NOON_MS - HOUR)
    done = hub(tmp_path, "person", "王小明", "--reason", "follow-up")
    assert done.exit_code == 0, done.output
    for word in (ref.hex()[:8], "王*明", "under observation", "36.4", "李*", "2020-02-10 12:00"):
        assert word in done.stdout
    assert "status set: under observation" in done.stdout
    assert "passage: passed, " in done.stdout
    assert "小明" not in done.stdout


def test_full_identity_is_shown_on_request_and_audited_as_such(desk: Desk, tmp_path: Path) -> None:
    plant_person(desk.office)
    done = hub(tmp_path, "person", "王小明", "--reason", "ambulance", "--full")
    assert "王小明 3-2-101" in done.stdout
    assert [(row.action, row.reason) for row in desk.office.audit.rows("east")] == [
        ("identity", "ambulance"),
        ("search", "ambulance"),
    ]


def test_json_names_by_pseudonym(desk: Desk, tmp_path: Path) -> None:
    ref = plant_person(desk.office)
    plant_status(desk.office, ref, "observation", start=NOON_MS)
    done = hub(tmp_path, "person", ref.hex()[:8], "--reason", "x", "--json")
    made = json.loads(done.stdout)
    assert (made["ref"], made["standing"], made["identity"]) == (ref.hex(), ["observation"], None)
    assert made["overdue"] == len([one for one in made["due"] if one["state"] == "overdue"])


def test_a_look_without_a_reason_is_refused(desk: Desk, tmp_path: Path) -> None:
    plant_person(desk.office)
    done = hub(tmp_path, "person", "王小明")
    assert done.exit_code == 2
    assert "--reason" in done.stderr
    assert desk.office.audit.rows("east") == []


def test_several_people_are_listed_and_none_is_opened(desk: Desk, tmp_path: Path) -> None:
    first, second = (plant_person(desk.office, number=n) for n in (1, 2))
    done = hub(tmp_path, "person", "王小明", "--reason", "x")
    assert done.exit_code == 1
    assert first.hex()[:8] in done.stderr
    assert second.hex()[:8] in done.stderr
    assert [(row.action, row.result) for row in desk.office.audit.rows("east")] == [
        ("search", "found 2")
    ]


def test_a_reading_is_written_with_its_note(desk: Desk, tmp_path: Path) -> None:
    ref = plant_person(desk.office)
    done = hub(tmp_path, "person", "王小明", "--reading", "37.4", "--note", "arm pit")
    assert done.exit_code == 0, done.output
    (note,) = file_of(desk, ref).of(desk.actor(), ref, "check").notes
    assert (note.value_mc, note.text) == (37_400, "arm pit")


def test_a_note_is_written(desk: Desk, tmp_path: Path) -> None:
    ref = plant_person(desk.office)
    assert hub(tmp_path, "person", "王小明", "--note", "has food").exit_code == 0
    (note,) = file_of(desk, ref).of(desk.actor(), ref, "check").notes
    assert (note.kind, note.text) == ("note", "has food")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--reading", "368"), 2, "36.8"),
        (("--reading", "36.85"), 2, "36.8"),
        (("--reading", "50.0"), 1, "42.9"),
        (("--reading", "36.5", "--at", "noon"), 2, "2020-02-10T09:00"),
        (("--reading", "36.5", "--at", "2020-02-10T09:00"), 1, "60 days"),
        (("--reading", "36.5", "--at", "2999-02-10T09:00"), 1, "future"),
        (("--at", "2020-02-10T09:00", "--note", "x"), 2, "--reading"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_sentence(
    desk: Desk, tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    ref = plant_person(desk.office)
    done = hub(tmp_path, "person", "王小明", *words)
    assert done.exit_code == code, done.output
    assert told in done.stderr
    assert file_of(desk, ref).of(desk.actor(), ref, "check").notes == ()


def test_nobody_of_that_name_is_a_sentence(desk: Desk, tmp_path: Path) -> None:
    done = hub(tmp_path, "person", "无此人", "--reason", "x")
    assert done.exit_code == 1
    assert "无此人" not in done.stderr
