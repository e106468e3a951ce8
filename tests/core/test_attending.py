"""A guard who is busy with a visit: it does not end under the open dialog, and yields as ever."""

import pytest

from gated.core import session
from gated.core.attending import AGAIN_MS, MOST_MS, attended
from gated.core.model import StatusCode
from gated.core.visit import IdleView
from tests.core.session_lane import Lane, holder

ANNA, BAO = holder(b"anna"), holder(b"bao")


def checked() -> Lane:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    assert lane.outcomes[-1] == ("CHECK", "TEMP_HIGH_RETRY")
    return lane


def attend(lane: Lane, visit: int = 1) -> None:
    lane.state = attended(lane.state, visit, lane.now_ms)


def busy_for(lane: Lane, ms: int) -> None:
    """The dialog is open for so long, and the page says so every four seconds."""
    until = lane.now_ms + ms
    while lane.now_ms < until:
        attend(lane)
        lane.wait(4_000)


def test_a_check_stays_while_its_dialog_is_open_and_ends_soon_after() -> None:
    lane = checked()
    busy_for(lane, 120_000)
    assert isinstance(lane.state, session.Shown)
    assert lane.follow_ups == []
    lane.wait(AGAIN_MS)
    assert isinstance(lane.state, session.Idle)
    assert [one.what for one in lane.follow_ups] == ["guard_timeout"]


def test_nobody_is_given_more_than_five_minutes() -> None:
    lane = checked()
    busy_for(lane, MOST_MS + 20_000)
    assert isinstance(lane.state, session.Idle)


def test_the_time_a_visit_has_anyhow_is_never_cut() -> None:
    lane = checked()
    attend(lane)
    lane.wait(29_000)
    assert isinstance(lane.state, session.Shown)


def test_a_stop_waits_likewise() -> None:
    lane = Lane()
    lane.show(holder(b"c", ANNA.credential.kind, ANNA.credential.state,
                     ANNA.person.category if ANNA.person else None, StatusCode.CLOSE_CONTACT))  # fmt: skip
    assert lane.outcomes[-1][0] == "STOP"
    busy_for(lane, 60_000)
    assert isinstance(lane.state, session.Shown)


def test_the_next_person_replaces_it_all_the_same() -> None:
    lane = checked()
    attend(lane)
    lane.show(BAO)
    assert isinstance(lane.state, session.Measuring)
    assert lane.state.visit.number == 2
    before = lane.state
    attend(lane, 1)
    assert lane.state is before


@pytest.mark.parametrize("visit", [0, 2])
def test_another_visit_is_not_kept(visit: int) -> None:
    lane = checked()
    before = lane.state
    attend(lane, visit)
    assert lane.state is before


def test_a_pass_and_an_idle_lane_wait_for_nobody() -> None:
    lane = Lane()
    attend(lane, 0)
    lane.show(ANNA)
    lane.measure()
    attend(lane)
    lane.wait(3_000)
    assert isinstance(lane.view, IdleView)
