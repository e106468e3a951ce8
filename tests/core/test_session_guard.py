"""The guard's turn, and what comes to the lane while the guard acts."""

import pytest

from gated.core import session
from gated.core.model import (
    Category,
    CredentialKind,
    CredentialState,
    GuardActionKind,
    Holder,
    StatusCode,
)
from gated.core.visit import IdleView, MeasuringView, PersonPicked, Timings, VerdictView
from tests.core.session_lane import Lane, holder

ANNA, BAO = holder(b"anna"), holder(b"bao")
MANUAL, REFUSE = GuardActionKind.MANUAL_PASS, GuardActionKind.REFUSE
CLINICAL, AGAIN = GuardActionKind.CLINICAL, GuardActionKind.REMEASURE
ALLOWED = ("ALLOW", "OK_RESIDENT")


@pytest.mark.parametrize(
    ("reason", "code"),
    [("medical", "GUARD_MEDICAL"), ("rescue", "GUARD_RESCUE"), ("known", "GUARD_MANUAL_PASS")],
)
def test_the_guard_lets_a_checked_person_pass_with_a_reason(reason: str, code: str) -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.act(MANUAL, reason)
    assert lane.outcomes[-1] == ("ALLOW_NOTE", code)
    lane.wait(60_000)
    assert lane.follow_ups == []


def test_quarantine_passes_by_hand_only_for_medical_reasons() -> None:
    lane = Lane()
    lane.show(
        holder(
            b"q",
            CredentialKind.ID_CARD,
            CredentialState.ACTIVE,
            Category.RESIDENT,
            StatusCode.HOME_QUARANTINE,
        )
    )
    lane.act(MANUAL, "known")
    assert lane.outcomes[-1] == ("STOP", "STAT_HOME_QUARANTINE")
    assert lane.view.asked is not None
    assert (lane.view.asked.kind, lane.view.asked.reason) == (MANUAL, "known")
    lane.act(MANUAL, "medical")
    assert lane.outcomes[-1] == ("ALLOW_NOTE", "GUARD_MEDICAL")


def test_a_typed_clinical_value_settles_a_fever() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.act(CLINICAL, mc=36_800)
    assert lane.outcomes[-1] == ("ALLOW_NOTE", "TEMP_CLINICAL_OK")


def test_an_ambulance_crew_without_credential_is_let_through_and_logged() -> None:
    lane = Lane()
    lane.act(MANUAL, "rescue", visit=0)
    assert lane.outcomes == [("ALLOW_NOTE", "GUARD_RESCUE")]
    assert lane.records[0].visit.holder.credential.kind is CredentialKind.NONE


def test_a_value_typed_before_the_card_belongs_to_the_next_card() -> None:
    lane = Lane(thermometer="fault")
    lane.act(CLINICAL, mc=36_500, visit=0)
    lane.show(ANNA)
    assert lane.outcomes == [("ALLOW_NOTE", "TEMP_CLINICAL_OK")]


def test_an_order_for_a_visit_that_is_over_does_nothing() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.show(BAO)
    lane.measure()
    assert lane.act(REFUSE, "behaviour", visit=1) == ()


def test_a_guard_may_refuse_whoever_would_pass() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure()
    lane.act(REFUSE, "behaviour")
    assert lane.outcomes == [ALLOWED, ("STOP", "GUARD_REFUSED")]


def test_a_guards_press_is_no_try() -> None:
    """Only measurements count: refusing twice does not make a second reading the fourth."""
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_500)
    for _ in range(2):
        lane.wait(6_000)
        lane.act(REFUSE, "behaviour")
    lane.wait(10_000)
    lane.show(ANNA)
    lane.measure(38_500)
    assert lane.outcomes[-1] == ("CHECK", "TEMP_HIGH_RETRY")
    assert lane.records[-1].tries == 2


@pytest.mark.parametrize(("kind", "mc"), [(MANUAL, None), (CLINICAL, 36_800)])
def test_a_wrist_that_comes_after_the_guards_order_is_still_this_persons(
    kind: GuardActionKind, mc: int | None
) -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.wait(2_000)
    lane.act(kind, "medical" if kind is MANUAL else "", mc)
    lane.wait(1_000)
    lane.measure(38_500)
    lane.wait(3_000)
    lane.show(BAO)
    assert isinstance(lane.state, session.Measuring)
    assert [f.what for f in lane.follow_ups] == ["temperature"]


def test_the_second_reading_after_an_order_is_the_next_persons() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.act(MANUAL, "medical")
    lane.measure()
    lane.measure()
    lane.show(BAO)
    assert lane.outcomes[-1] == ("ALLOW", "OK_RESIDENT")


def test_measuring_again_asks_for_the_wrist_and_decides_anew() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(34_000)
    assert lane.outcomes == [("CHECK", "TEMP_LOW")]
    lane.act(AGAIN)
    assert isinstance(lane.state, session.Measuring)
    lane.measure(36_500)
    assert lane.outcomes == [("CHECK", "TEMP_LOW"), ALLOWED]
    assert [one.what for one in lane.follow_ups] == ["remeasure"]
    lane.wait(60_000)
    assert [one.what for one in lane.follow_ups] == ["remeasure"]  # the CHECK was answered


def test_measuring_again_without_a_wrist_ends_in_a_check() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(36_500)
    lane.act(AGAIN)
    lane.wait(10_000)
    assert lane.outcomes == [ALLOWED, ("CHECK", "TEMP_MISSING")]


def test_pressed_while_measuring_it_gives_the_person_more_time() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.wait(9_000)
    lane.act(AGAIN)
    lane.wait(9_000)
    assert isinstance(lane.state, session.Measuring)
    lane.measure(36_500)
    assert lane.outcomes == [ALLOWED]


@pytest.mark.parametrize("health", ["fault", "none"])
def test_without_a_thermometer_nobody_is_measured_again(health: str) -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.thermometer = health
    assert lane.act(AGAIN) == ()
    assert isinstance(lane.state, session.Shown)


def test_with_nobody_at_the_lane_there_is_nobody_to_measure_again() -> None:
    assert Lane().act(AGAIN) == ()


def found(name: bytes, *statuses: StatusCode) -> Holder:
    return holder(name, CredentialKind.NONE, CredentialState.ACTIVE, Category.RESIDENT, *statuses)


def test_somebody_found_by_room_is_measured_and_decided_like_anybody() -> None:
    lane = Lane()
    lane.feed(PersonPicked(found(b"anna")))
    assert isinstance(lane.view, MeasuringView)
    lane.measure()
    assert lane.outcomes == [ALLOWED]
    assert lane.records[0].visit.holder.credential.kind is CredentialKind.NONE


def test_who_is_picked_while_measuring_takes_over_the_open_visit() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.wait(2_000)
    lane.feed(PersonPicked(found(b"child")))
    lane.measure()
    assert [record.visit.holder.person for record in lane.records] == [found(b"child").person]
    lane.wait(60_000)
    assert len(lane.records) == 1


def test_who_is_picked_and_may_not_pass_is_stopped_without_a_wrist() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.feed(PersonPicked(found(b"home", StatusCode.HOME_QUARANTINE)))
    assert lane.outcomes == [("STOP", "STAT_HOME_QUARANTINE")]


def test_picking_somebody_answers_the_check_on_the_screen() -> None:
    lane = Lane()
    lane.show(holder(b"card", CredentialKind.ID_CARD, CredentialState.UNKNOWN, None))
    lane.measure()
    assert lane.outcomes == [("CHECK", "ID_NOT_IN_ROSTER")]
    lane.feed(PersonPicked(found(b"anna")))
    lane.measure()
    lane.wait(60_000)
    assert lane.outcomes[-1] == ALLOWED
    assert lane.follow_ups == []


@pytest.mark.parametrize("mc", [38_100, None])
def test_a_check_and_a_stop_give_way_to_another_credential_only(mc: int | None) -> None:
    who = ANNA if mc else found(b"home", StatusCode.HOME_QUARANTINE)
    lane = Lane()
    lane.show(who)
    if mc:
        lane.measure(mc)
    lane.wait(6_000)
    assert lane.show(who) == ()
    assert len(lane.records) == 1
    lane.show(BAO)
    assert isinstance(lane.view, MeasuringView)


def test_when_its_time_is_over_the_same_credential_is_a_new_visit() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.wait(30_000)
    lane.show(ANNA)
    assert isinstance(lane.view, MeasuringView)


def test_a_second_person_is_waited_for_as_long_as_a_guard_is() -> None:
    lane = Lane()
    ill = (b"q", CredentialKind.ID_CARD, CredentialState.ACTIVE, Category.RESIDENT)
    lane.show(holder(*ill, StatusCode.CLOSE_CONTACT))
    lane.act(MANUAL, "known")
    timings = Timings()
    lane.wait(timings.stop_ms)
    assert isinstance(lane.view, VerdictView)
    assert lane.view.asked is not None
    lane.wait(timings.guard_ms)
    assert isinstance(lane.view, IdleView)
