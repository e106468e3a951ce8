"""A child has no movement file of its own: not in the person's file, and not by a trace."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gated.core.model import Category
from gated.hub.daily_figures import Count
from gated.hub.daily_report import DailyReport
from gated.hub.person_file import File, PersonFile
from gated.hub.records import Filter, Records, SearchRefused
from gated.hub.trace_query import Question, Trace, Tracer, TraceRefused
from tests.support.hub_command import hub
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate
from tests.support.residents import plant_person, plant_status

HOUR = 3_600_000
DAY_MS = 24 * HOUR
FOURTEEN = "20060210"  # on the day of the tests
ALMOST = "20060211"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = open_desk(tmp_path)
    plant_gate(found.office, "east-1", seen_ms=NOON_MS)
    yield found
    found.office.database.close()


def resident(desk: Desk, born: str, **more: object) -> bytes:
    """Somebody with a passage, a temperature, a note and a reading."""
    ref = plant_person(desk.office, "小红", number=7, born=born, **more)  # type: ignore[arg-type] - of a table of cases
    plant(desk.office, gate="east-1", t_ms=NOON_MS - HOUR, person=ref, temp_mc=36_400)
    files = PersonFile(desk.office)
    files.add_note(desk.actor(), ref, "homesick")
    files.add_reading(desk.actor(), ref, NOON_MS - HOUR, 36_900)
    return ref


def opened(desk: Desk, ref: bytes) -> File:
    return PersonFile(desk.office).of(desk.actor(), ref, "follow-up")


def traced(desk: Desk, ref: bytes) -> Trace:
    question = Question(ref, NOON_MS - DAY_MS, NOON_MS + 1, HOUR)
    return Tracer(desk.office).trace(desk.actor(), question, "a case")


def test_a_childs_file_tells_nothing_of_where_it_was(desk: Desk) -> None:
    file = opened(desk, resident(desk, ALMOST))
    assert file.withheld
    assert (file.passages, file.temperatures, file.notes, file.due) == ((), (), (), ())
    assert (file.course, file.inbox, file.older_ms) == ((), (), None)
    assert file.name == "小*"


@pytest.mark.parametrize(
    ("born", "category", "withheld"),
    [
        (FOURTEEN, Category.RESIDENT, False),
        (FOURTEEN, Category.HOUSEHOLD_MINOR, False),
        ("", Category.HOUSEHOLD_MINOR, True),
        ("", Category.RESIDENT, False),
    ],
)
def test_age_is_that_of_the_id_number_and_else_of_the_category(
    desk: Desk, born: str, category: Category, withheld: bool
) -> None:
    ref = resident(desk, born, category=category)
    assert opened(desk, ref).withheld is withheld
    assert bool(opened(desk, ref).passages) is not withheld


def test_the_birthday_begins_at_midnight_of_the_site(desk: Desk) -> None:
    ref = resident(desk, ALMOST)
    desk.clock.now_ms = NOON_MS + 12 * HOUR - 1
    assert opened(desk, ref).withheld
    desk.clock.now_ms += 1
    assert not opened(desk, ref).withheld


def test_a_health_status_shows_everything_while_it_is_in_force(desk: Desk) -> None:
    ref = resident(desk, ALMOST)
    plant_status(
        desk.office, ref, "home_quarantine", start=NOON_MS + HOUR, end=NOON_MS + 3 * HOUR,
        set_ms=NOON_MS,
    )  # fmt: skip
    assert opened(desk, ref).withheld
    desk.clock.now_ms = NOON_MS + HOUR
    file = opened(desk, ref)
    assert not file.withheld
    assert (len(file.passages), len(file.notes)) == (1, 2)
    assert traced(desk, ref).own
    desk.clock.now_ms = NOON_MS + 3 * HOUR
    assert opened(desk, ref).withheld


def test_what_waits_for_an_answer_still_waits(desk: Desk) -> None:
    ref = resident(desk, ALMOST)
    PersonFile(desk.office).add_reading(desk.actor(), ref, NOON_MS, 38_500)
    assert [item.kind for item in opened(desk, ref).open_items] == ["fever"]


def test_a_child_is_not_traced_but_the_household_is(desk: Desk) -> None:
    ref = resident(desk, ALMOST)
    parent = plant_person(desk.office, "家长", number=8)
    plant(desk.office, gate="east-1", t_ms=NOON_MS - HOUR + 1, person=parent)
    with pytest.raises(TraceRefused, match="under 14") as caught:
        traced(desk, ref)
    assert caught.value.code == "child"
    assert ref in traced(desk, parent).people()


def test_records_are_not_searched_by_a_child_and_still_list_it(desk: Desk) -> None:
    ref = resident(desk, ALMOST)
    records = Records(desk.office)
    with pytest.raises(SearchRefused, match="under 14") as caught:
        records.search(desk.actor(), Filter(people=(ref,)), "a question")
    assert caught.value.code == "child"
    found = records.search(desk.actor(), Filter(gate="east-1"), "a question")
    assert [line.record.person for line in found.lines] == [ref]


def test_the_days_figures_count_children_as_before(desk: Desk) -> None:
    resident(desk, ALMOST)
    made = DailyReport(desk.office).of(desk.actor(), date(2020, 2, 10))
    assert made.traffic.visits == Count("", 1, 0)


class TestCommand:
    def test_the_file_says_why_and_nothing_else(self, desk: Desk, tmp_path: Path) -> None:
        ref = resident(desk, "", category=Category.HOUSEHOLD_MINOR)
        done = hub(tmp_path, "person", ref.hex()[:8], "--reason", "x")
        assert done.exit_code == 0, done.output
        assert "under 14" in done.stdout
        assert "36.4" not in done.stdout
        assert "homesick" not in done.stdout

    def test_json_says_so_too(self, desk: Desk, tmp_path: Path) -> None:
        ref = resident(desk, "", category=Category.HOUSEHOLD_MINOR)
        done = hub(tmp_path, "person", ref.hex()[:8], "--reason", "x", "--json")
        made = json.loads(done.stdout)
        assert made["withheld"] is True
        for key in ("passages", "temperatures", "notes", "course", "due", "inbox"):
            assert made[key] == [], key

    def test_a_trace_is_refused_with_a_sentence(self, desk: Desk, tmp_path: Path) -> None:
        ref = resident(desk, "", category=Category.HOUSEHOLD_MINOR)
        done = hub(tmp_path, "trace", ref.hex()[:8], "--reason", "x")
        assert done.exit_code != 0
        assert "under 14" in done.stderr
