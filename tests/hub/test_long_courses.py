"""A file as long as life: nothing is cut, every page of the course leads to the next."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from gated.hub import person_file
from gated.hub.person_course import Step, StepKind
from gated.hub.person_file import COURSE_ROWS, File, PersonFile
from gated.hub.schema_records import INBOX, PASSAGE
from gated.hub.schema_register import NOTE
from tests.support.hub_command import hub
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import passage_values
from tests.support.residents import plant_person, plant_status

HOUR = 3_600_000
MOST = 3  # rows of a kind on a page, where pages are short


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = open_desk(tmp_path)
    yield found
    found.office.database.close()


@pytest.fixture
def ref(desk: Desk) -> bytes:
    return plant_person(desk.office)


def plant_many(
    desk: Desk,
    ref: bytes,
    passages: list[int],
    notes: list[int],
    items: list[tuple[int, int | None]],
) -> None:
    """Passages and notes at these instants; inbox items, each with when it was answered."""
    seal = desk.office.sealer.seal
    rows = [passage_values(gate="east-1", t_ms=t_ms, person=ref) for t_ms in passages]
    written = [
        {
            "site": "east", "ref": ref, "kind": "note", "t_ms": t_ms, "value_mc": None,
            "sealed": seal([f"note {n}"], ref), "entered_by": "x", "entered_ms": t_ms,
        }
        for n, t_ms in enumerate(notes)
    ]  # fmt: skip
    raised = [
        {
            "source": f"s{n}", "site": "east", "gate": "east-1", "kind": "call", "code": "help",
            "t_ms": t_ms, "certain": True, "person": ref, "acked_ms": acked_ms, "acked_by": "x",
        }
        for n, (t_ms, acked_ms) in enumerate(items)
    ]  # fmt: skip
    with desk.office.database.writing("plant a long life") as connection:
        for table, values in ((PASSAGE, rows), (NOTE, written), (INBOX, raised)):
            if values:
                connection.execute(insert(table), values)


def opened(desk: Desk, ref: bytes, **more: object) -> File:
    return PersonFile(desk.office).of(desk.actor(), ref, "follow-up", **more)  # type: ignore[arg-type] - of a table of cases


def pages(desk: Desk, ref: bytes) -> list[File]:
    """Every page of a course, as somebody reads them who goes on to the end."""
    found = [opened(desk, ref)]
    while (older_ms := found[-1].older_ms) is not None:
        found.append(opened(desk, ref, before_ms=older_ms))
        assert found[-1].course, "a page without anything on it"
    return found


def told(steps: tuple[Step, ...]) -> list[str]:
    return sorted(repr(step) for step in steps)


def test_what_nobody_answered_is_open_however_much_came_since(desk: Desk, ref: bytes) -> None:
    newer = [(NOON_MS - n, NOON_MS) for n in range(51)]
    plant_many(desk, ref, [], [], [(NOON_MS - 90 * 24 * HOUR, None), *newer])
    (item,) = opened(desk, ref).open_items
    assert (item.t_ms, item.acked_ms) == (NOON_MS - 90 * 24 * HOUR, None)


def test_a_course_longer_than_a_page_goes_on_with_notes_and_items_too(
    desk: Desk, ref: bytes
) -> None:
    instants = [NOON_MS - n * HOUR for n in range(COURSE_ROWS + 10)]
    plant_many(desk, ref, [], instants, [(t_ms, t_ms + 1) for t_ms in instants])
    first, rest = pages(desk, ref)
    assert len(first.notes) == COURSE_ROWS
    assert len(rest.notes) == 10
    kinds = [step.kind for step in (*first.course, *rest.course)]
    for kind in (StepKind.NOTE, StepKind.INBOX, StepKind.ACKNOWLEDGED):
        assert kinds.count(kind) == COURSE_ROWS + 10


def test_the_command_prints_all_of_it(desk: Desk, ref: bytes, tmp_path: Path) -> None:
    plant_many(desk, ref, [], [NOON_MS - n * HOUR for n in range(COURSE_ROWS + 10)], [])
    done = hub(tmp_path, "person", ref.hex()[:8], "--reason", "x")
    assert done.stdout.count(" note ") >= COURSE_ROWS + 10
    assert f"note {COURSE_ROWS + 9}" in done.stdout


def test_many_notes_of_one_instant_are_one_page_and_no_empty_one_follows(
    desk: Desk, ref: bytes
) -> None:
    plant_many(desk, ref, [], [NOON_MS] * (COURSE_ROWS + 10), [])
    assert [len(page.notes) for page in pages(desk, ref)] == [COURSE_ROWS + 10]
    plant_many(desk, ref, [], [NOON_MS - HOUR], [])
    assert [len(page.notes) for page in pages(desk, ref)] == [COURSE_ROWS + 10, 1]


_instants = st.lists(st.integers(NOON_MS - 12, NOON_MS), max_size=15)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    passages=_instants,
    notes=_instants,
    items=st.lists(st.tuples(st.integers(-12, 0), st.none() | st.integers(0, 9)), max_size=10),
)
def test_the_pages_together_are_the_whole_course_in_order_and_each_thing_once(
    desk: Desk,
    ref: bytes,
    monkeypatch: pytest.MonkeyPatch,
    passages: list[int],
    notes: list[int],
    items: list[tuple[int, int | None]],
) -> None:
    monkeypatch.setattr(person_file, "COURSE_ROWS", MOST)
    with desk.office.database.writing("begin again") as connection:
        for table in (PASSAGE, NOTE, INBOX):
            connection.execute(delete(table))
    raised = [
        (NOON_MS + at, None if after is None else NOON_MS + at + after) for at, after in items
    ]
    plant_many(desk, ref, passages, notes, raised)
    read = pages(desk, ref)
    steps = tuple(step for page in read for step in page.course)
    assert told(steps) == told(opened(desk, ref, whole=True).course)
    assert [step.t_ms for step in steps] == sorted((step.t_ms for step in steps), reverse=True)
    assert sum(len(page.passages) for page in read) == len(passages)
    assert sum(len(page.notes) for page in read) == len(notes)


def test_statuses_stand_on_the_page_of_their_time(desk: Desk, ref: bytes) -> None:
    plant_status(desk.office, ref, "medicine_buyer", start=NOON_MS - 2 * COURSE_ROWS * HOUR)
    plant_many(desk, ref, [NOON_MS - n * HOUR for n in range(COURSE_ROWS + 1)], [], [])
    first, rest = pages(desk, ref)
    assert StepKind.STATUS_SET not in [step.kind for step in first.course]
    assert [step.kind for step in rest.course] == [StepKind.PASSAGE, StepKind.STATUS_SET]
