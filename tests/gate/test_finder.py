"""People found by room or household: masked, for who may decide, and only for two minutes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gated.core.duty import DutyRole
from gated.core.model import Category, CredentialKind, CredentialState, Holder, Moment, Person
from gated.core.reports import Shift
from gated.core.text import Text
from gated.errors import StoreError
from gated.gate.duty_desk import DutyDesk
from gated.gate.events import GUARD_ANSWER_S, INBOX_MAX, Inbox
from gated.gate.finder import (
    HANDLE_MS,
    HANDLES_MAX,
    LOOK_UPS_MAX,
    MINUTE_MS,
    PEOPLE_MAX,
    FinderDesk,
    FinderIntake,
    PickOrdered,
    SearchAsked,
)
from gated.gate.recorder import Recorder
from gated.screen.actions import Pick, Search
from gated.screen.look_up import Found
from gated.screen.reports import Answer
from gated.store.generation import Roster
from gated.store.guard_book import Guard
from gated.store.roster import RosterStore
from gated.store.roster_build import RosterRow
from tests.gate.gate_world import (
    GATE,
    KEYS,
    MOMENT,
    duty_desk,
    guard_book,
    id_number,
    install,
    journal_in,
    records,
)

ROOM = ("3", "2", "101")
ASKED = Search(ROOM)


def living(number: int, name: str, room: str = "101", **more: Any) -> RosterRow:
    return RosterRow(
        Category.RESIDENT, id_number(number), name, building="3", unit="2", room=room, **more
    )


class Lane:
    """A desk over a real list. serving: None for a gate without one."""

    def __init__(self, folder: Path, recorder: Recorder, serving: Roster) -> None:
        self.folder = folder
        self.serving: Roster | None = serving
        self.duty: DutyDesk = duty_desk(recorder, folder)
        self.desk = FinderDesk(recorder, self.duty, lambda _now: self.serving, category)

    def found(self, search: Search = ASKED, now: Moment = MOMENT) -> Found:
        asked = SearchAsked(now, search)
        self.desk.search(asked, self.person(1) if search.visit else None, now)
        return asked.answer.get_nowait()

    def picked(self, pick: str, visit: int = 0, now: Moment = MOMENT) -> Holder | Answer:
        ordered = PickOrdered(now, Pick(pick, visit))
        holder = self.desk.picked(ordered, visit, None, now)
        return ordered.answer.get_nowait() if holder is None else holder

    def person(self, number: int) -> Person | None:
        assert self.serving is not None
        return self.serving.by_id_number(id_number(number)).person

    def log_in(self, role: DutyRole) -> None:
        guard_book(self.folder).put(Guard("A12", role, "李*"))
        self.duty.restore(MOMENT)
        self.duty.change(Shift("begin", "A12", role.value), MOMENT)


def category(holder: Holder) -> Text:
    assert holder.person is not None
    return Text(holder.person.category.value, holder.person.category.value)


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    crowd = [living(number, "张三", room="900") for number in range(10, 10 + PEOPLE_MAX + 1)]
    install(
        tmp_path, [living(1, "王小明"), living(2, "欧阳娜娜"), living(3, "李雷", "102"), *crowd]
    )
    store = RosterStore(tmp_path, KEYS)
    with journal_in(tmp_path) as journal:
        serving = store.current()
        assert serving is not None
        yield Lane(tmp_path, Recorder(GATE, journal), serving)
    store.close()


def later(ms: int) -> Moment:
    return replace(MOMENT, mono_ms=MOMENT.mono_ms + ms)


def test_a_room_tells_who_lives_there_masked(lane: Lane) -> None:
    people = lane.found().people
    assert {(one.name, one.room) for one in people} == {("王*明", "3-2-1**"), ("欧**娜", "3-2-1**")}
    assert {one.category.en for one in people} == {"resident"}
    assert len({one.pick for one in people}) == 2


def test_the_others_of_a_household_are_found_without_the_one_who_stands_there(lane: Lane) -> None:
    [other] = lane.found(Search(visit=7)).people
    assert other.name == "欧**娜"


def test_a_crowded_room_ends_at_what_a_guard_can_choose_from(lane: Lane) -> None:
    assert len(lane.found(Search(("3", "2", "900"))).people) == PEOPLE_MAX
    assert lane.found(Search(("9", "9", "999"))) == Found()
    assert [row["found"] for row in records(lane.folder, "look_up")] == [PEOPLE_MAX + 1, 0]


def test_whoever_is_picked_comes_without_a_credential_as_the_list_knows_them(lane: Lane) -> None:
    pick = next(one.pick for one in lane.found().people if one.name == "王*明")
    holder = lane.picked(pick)
    assert isinstance(holder, Holder)
    assert holder.person == lane.person(1)
    assert (holder.display.name, holder.display.room) == ("王*明", "3-2-1**")
    credential = holder.credential
    assert (credential.kind, credential.state) == (CredentialKind.NONE, CredentialState.ACTIVE)
    assert holder.person is not None
    assert credential.ref == holder.person.ref


def test_the_dates_of_the_list_bind_whoever_is_picked(lane: Lane, tmp_path: Path) -> None:
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    install(tmp_path, [living(1, "王小明", start=begins, end=ends)], rev=2)
    store = RosterStore(tmp_path, KEYS)
    lane.serving = store.current()
    [found] = lane.found().people
    holder = lane.picked(found.pick)
    store.close()
    assert isinstance(holder, Holder)
    credential = holder.credential
    assert (credential.listed_from, credential.listed_until) == (begins, ends)
    assert (credential.start, credential.end) == (None, None)


def test_a_handle_picks_once_and_for_two_minutes(lane: Lane) -> None:
    first, second = lane.found().people
    assert lane.picked(first.pick, now=later(HANDLE_MS)) == Answer("pick_over")
    assert isinstance(lane.picked(second.pick, now=later(HANDLE_MS - 1)), Holder)
    assert lane.picked(second.pick) == Answer("pick_over")
    assert lane.picked("beef0000") == Answer("pick_over")


def test_old_handles_give_way(lane: Lane) -> None:
    first = lane.found().people[0].pick
    for _ in range(HANDLES_MAX // PEOPLE_MAX + 1):
        lane.found(Search(("3", "2", "900")))
    assert lane.picked(first) == Answer("pick_over")


def test_nobody_is_picked_into_somebody_elses_visit(lane: Lane) -> None:
    [other] = lane.found(Search(visit=7)).people
    ordered = PickOrdered(MOMENT, Pick(other.pick, 7))
    assert lane.desk.picked(ordered, 8, None, MOMENT) is None
    assert ordered.answer.get_nowait() == Answer("visit_over")
    assert isinstance(
        lane.desk.picked(PickOrdered(MOMENT, Pick(other.pick, 7)), 0, None, MOMENT), Holder
    )


def test_who_left_the_list_meanwhile_is_not_picked(lane: Lane, tmp_path: Path) -> None:
    pick = lane.found().people[0].pick
    install(tmp_path, [living(3, "李雷", "102")], rev=2)
    store = RosterStore(tmp_path, KEYS)
    lane.serving = store.current()
    assert lane.picked(pick) == Answer("pick_over")
    store.close()


def test_a_search_about_nobody_known_is_over(lane: Lane) -> None:
    asked = SearchAsked(MOMENT, Search(visit=7))
    lane.desk.search(asked, None, MOMENT)
    assert asked.answer.get_nowait() == Found(refusal="visit_over")


def test_without_a_list_the_guard_is_told_so(lane: Lane) -> None:
    lane.serving = None
    assert lane.found() == Found(refusal="no_list")


def test_a_list_that_cannot_be_read_stops_nobody(lane: Lane) -> None:
    class Damaged(Roster):
        def by_room(self, building: str, unit: str, room: str) -> list[Holder]:
            raise StoreError("cannot read roster-1.db: malformed")

    assert lane.serving is not None
    lane.serving = Damaged(lane.serving.path, KEYS)
    with capture_logs() as logs:
        assert lane.found() == Found(refusal="no_list")
    assert logs[0]["event"] == "roster.unreadable"
    lane.serving.close()


@pytest.mark.parametrize(
    ("role", "refusal"), [(DutyRole.GUARD, ""), (DutyRole.TECHNICIAN, "not_your_role")]
)
def test_only_who_may_decide_looks_people_up(lane: Lane, role: DutyRole, refusal: str) -> None:
    pick = lane.found().people[0].pick
    lane.log_in(role)
    assert lane.found().refusal == "logged_off"
    assert lane.picked(pick) == Answer("logged_off")
    number = lane.duty.duty.number if lane.duty.duty else 0
    assert lane.found(replace(ASKED, duty=number)).refusal == refusal
    assert len(records(lane.folder, "look_up")) == (1 if refusal else 2)


def test_a_look_up_is_recorded_without_the_room(lane: Lane) -> None:
    lane.duty.change(Shift("begin", "G017"), MOMENT)
    with capture_logs() as logs:
        lane.found()
        lane.found(Search(visit=7))
    rows = records(lane.folder, "look_up")
    assert [(row["by"], row["found"], row["guard"]) for row in rows] == [
        ("room", 2, "G017"),
        ("visit", 1, "G017"),
    ]
    envelope = {"seq", "kind", "t", "m", "b", "q", "gate"}
    assert all(set(row) == envelope | {"by", "found", "guard", "household_ref"} for row in rows)
    assert logs == []
    assert "101" not in repr(SearchAsked(MOMENT, ASKED).search)


def test_a_search_the_guard_was_told_had_failed_is_not_made(lane: Lane) -> None:
    asked = SearchAsked(MOMENT, ASKED)
    lane.desk.search(asked, None, later(int(GUARD_ANSWER_S * 1000) + 1))
    assert asked.answer.get_nowait() == Found(refusal="busy")
    assert records(lane.folder, "look_up") == []


def test_who_lists_the_compound_is_told_to_wait(lane: Lane) -> None:
    for _ in range(LOOK_UPS_MAX):
        assert lane.found().refusal == ""
    assert lane.found().refusal == "too_many_look_ups"
    assert lane.found(now=later(MINUTE_MS)).refusal == ""


def test_a_full_inbox_says_busy() -> None:
    inbox = Inbox()
    for _ in range(INBOX_MAX):
        inbox.offer(None)
    intake = FinderIntake(inbox, lambda: MOMENT)
    assert intake.find(ASKED) == Found(refusal="busy")
    assert intake.identify(Pick("k3f0")) == Answer("busy")


class Answering(Inbox):
    """An inbox whose events are answered at once, as the engine would."""

    def offer(self, event: object) -> bool:
        match event:
            case SearchAsked():
                event.answer.put(Found(refusal="visit_over"))
            case PickOrdered():
                event.answer.put(Answer("pick_over"))
        return True


def test_the_engines_word_is_brought_back() -> None:
    intake = FinderIntake(Answering(), lambda: MOMENT)
    assert intake.find(ASKED) == Found(refusal="visit_over")
    assert intake.identify(Pick("k3f0")) == Answer("pick_over")
