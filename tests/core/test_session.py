"""What happens at a lane, told as short stories."""

import pytest

from gated.core import session
from gated.core.model import (
    CredentialKind,
    CredentialState,
    GuardActionKind,
    Measurement,
    TemperatureState,
)
from gated.core.reasons import Code
from gated.core.visit import IdleView, MeasuringView, Record, Show, TargetSeen, TemperatureTaken
from tests.core.session_lane import FAULT, Lane, holder, of_kind

ANNA, BAO = holder(b"anna"), holder(b"bao")
QR = CredentialKind.QR
MANUAL, REFUSE = GuardActionKind.MANUAL_PASS, GuardActionKind.REFUSE
CLINICAL = GuardActionKind.CLINICAL
ALLOWED = ("ALLOW", "OK_RESIDENT")


def test_card_then_wrist_is_one_passage() -> None:
    lane = Lane()
    lane.show(ANNA)
    assert isinstance(lane.view, MeasuringView)
    lane.wait(1_500)
    lane.measure()
    assert lane.outcomes == [ALLOWED]


def test_wrist_then_card_is_one_passage() -> None:
    lane = Lane()
    lane.measure()
    lane.wait(9_999)
    lane.show(ANNA)
    assert lane.outcomes == [ALLOWED]


def test_a_record_is_ordered_before_its_verdict_is_shown() -> None:
    lane = Lane()
    lane.show(ANNA)
    kinds = [type(effect) for effect in lane.measure()]
    assert kinds == [Record, Show]


def test_a_reading_ten_seconds_old_belongs_to_nobody() -> None:
    lane = Lane()
    lane.measure()
    lane.wait(11_000)
    lane.show(ANNA)
    lane.wait(10_000)
    assert lane.outcomes == [("CHECK", "TEMP_STALE")]


def test_nobody_measured_within_a_minute_is_missing_and_not_stale() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.wait(10_000)
    assert lane.outcomes == [("CHECK", "TEMP_MISSING")]


def test_a_reading_serves_one_person_only() -> None:
    lane = Lane()
    lane.measure()
    lane.show(ANNA)
    lane.show(BAO)
    assert lane.outcomes == [ALLOWED]
    assert isinstance(lane.state, session.Measuring)


def test_a_wrist_that_arrived_in_time_is_given_time_to_be_measured() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.wait(9_500)
    lane.feed(TargetSeen())
    lane.wait(3_000)
    lane.measure()
    assert lane.outcomes == [ALLOWED]


def test_the_same_card_again_is_silent() -> None:
    lane = Lane()
    lane.show(ANNA)
    assert lane.show(ANNA) == ()
    lane.measure()
    lane.wait(4_999)
    assert lane.show(ANNA) == ()
    lane.wait(1)
    lane.show(ANNA)
    assert isinstance(lane.state, session.Measuring)


def test_a_second_visitor_with_a_card_waits() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.show(BAO)
    assert lane.view.cue is Code.SYS_BUSY
    lane.measure()
    assert [r.visit.holder for r in lane.records] == [ANNA]


def test_card_and_code_of_different_people_stop() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.show(of_kind(BAO, QR))
    assert lane.outcomes == [("STOP", "CRED_MISMATCH")]


def test_card_and_code_of_the_same_person_are_one_visit() -> None:
    lane = Lane()
    lane.show(ANNA)
    assert lane.show(of_kind(ANNA, QR)) == ()
    lane.measure()
    assert lane.outcomes == [ALLOWED]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (CredentialState.BAD_SIGNATURE, ("STOP", "CRED_BAD_SIGNATURE")),
        (CredentialState.REVOKED, ("STOP", "CRED_REVOKED")),
        (CredentialState.LOST, ("STOP", "CRED_LOST")),
    ],
)
def test_a_bad_second_credential_reaches_the_verdict(
    state: CredentialState, expected: tuple[str, str]
) -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.show(holder(b"anna", QR, state))
    assert lane.outcomes == [expected]


def test_a_second_code_nobody_can_verify_is_asked_about() -> None:
    lane = Lane()
    lane.show(ANNA)
    assert lane.show(holder(b"x", QR, CredentialState.UNKNOWN_KEY, None)) == ()
    lane.measure()
    assert lane.outcomes == [("CHECK", "CRED_UNKNOWN_KEY")]


def test_a_code_of_someone_listed_with_a_genuine_card_of_someone_else_is_a_mismatch() -> None:
    """A borrowed code and the stranger's own card, in either order."""
    stranger = holder(b"x", CredentialKind.ID_CARD, CredentialState.UNKNOWN, None)
    for first, second in ((of_kind(ANNA, QR), stranger), (stranger, of_kind(ANNA, QR))):
        lane = Lane()
        lane.show(first)
        lane.show(second)
        assert lane.outcomes == [("STOP", "CRED_MISMATCH")]


def test_without_a_list_two_credentials_are_a_check_and_no_mismatch() -> None:
    lane = Lane()
    lane.show(holder(b"x", CredentialKind.ID_CARD, CredentialState.UNKNOWN, None))
    lane.show(holder(b"x", QR, CredentialState.ACTIVE, None))
    lane.measure()
    assert lane.outcomes == [("CHECK", "ID_NOT_IN_ROSTER")]


def test_a_card_that_could_not_be_read_is_one_cue_and_no_record() -> None:
    lane = Lane()
    lane.show(holder(b"x", CredentialKind.ID_CARD, CredentialState.UNREADABLE, None))
    assert lane.view == IdleView(cue=Code.CRED_UNREADABLE)
    assert lane.records == []


def test_what_no_temperature_could_change_is_said_at_once() -> None:
    lane = Lane()
    lane.show(holder(b"x", QR, CredentialState.BAD_SIGNATURE, None))
    assert lane.outcomes == [("STOP", "CRED_BAD_SIGNATURE")]


def test_the_wrist_of_a_stopped_person_is_not_kept_for_the_next() -> None:
    lane = Lane()
    lane.show(holder(b"x", QR, CredentialState.BAD_SIGNATURE, None))
    lane.measure(38_000)
    lane.show(ANNA)
    assert isinstance(lane.state, session.Measuring)
    assert [f.what for f in lane.follow_ups] == ["temperature"]


def test_fever_on_the_third_try_stops() -> None:
    lane = Lane()
    for _ in range(3):
        lane.show(ANNA)
        lane.measure(38_100)
        lane.wait(240_000)
    assert lane.outcomes == [
        ("CHECK", "TEMP_HIGH_RETRY"),
        ("CHECK", "TEMP_HIGH_RETRY"),
        ("STOP", "TEMP_HIGH"),
    ]


def test_tries_are_forgotten_after_fifteen_minutes() -> None:
    lane = Lane()
    for _ in range(2):
        lane.show(ANNA)
        lane.measure(38_100)
        lane.wait(10_000)
    lane.wait(900_000)
    lane.show(ANNA)
    lane.measure(38_100)
    assert lane.outcomes[-1] == ("CHECK", "TEMP_HIGH_RETRY")
    assert lane.records[-1].tries == 1


def test_tries_of_one_person_do_not_count_for_another() -> None:
    lane = Lane()
    for who in (ANNA, BAO, holder(b"chen")):
        lane.show(who)
        lane.measure(38_100)
        lane.wait(6_000)
    assert {r.tries for r in lane.records} == {1}


def test_a_check_nobody_answers_gets_one_follow_up_and_no_second_passage() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.wait(120_000)
    assert [(f.visit, f.what) for f in lane.follow_ups] == [(1, "guard_timeout")]
    assert len(lane.records) == 1
    assert isinstance(lane.state, session.Idle)


def test_a_check_overtaken_by_the_next_person_still_gets_its_follow_up() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.wait(2_000)
    lane.show(BAO)
    lane.measure()
    lane.wait(60_000)
    assert [(f.visit, f.what) for f in lane.follow_ups] == [(1, "guard_timeout")]
    assert lane.outcomes == [("CHECK", "TEMP_HIGH_RETRY"), ALLOWED]


def test_a_sensor_that_fails_in_mid_measurement_is_a_check_and_never_a_fever() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.feed(TargetSeen())
    lane.feed(TemperatureTaken(FAULT))
    assert lane.outcomes == [("CHECK", "TEMP_SENSOR_FAULT")]


def test_a_sensor_known_to_be_broken_is_said_without_waiting() -> None:
    lane = Lane(thermometer="fault")
    lane.show(ANNA)
    assert lane.outcomes == [("CHECK", "TEMP_SENSOR_FAULT")]


def test_a_gate_without_thermometer_decides_on_the_credential() -> None:
    lane = Lane(thermometer="none")
    lane.show(ANNA)
    assert lane.outcomes == [ALLOWED]


def test_a_moving_wrist_may_try_again_without_showing_the_card() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.feed(TemperatureTaken(Measurement(TemperatureState.UNSTABLE, detail="moving")))
    lane.wait(2_000)
    lane.measure()
    assert lane.outcomes == [("CHECK", "TEMP_UNSTABLE"), ALLOWED]
    assert {r.visit.number for r in lane.records} == {1}


def test_a_high_reading_is_not_repeated_without_the_credential() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.wait(6_000)
    lane.measure(36_400)
    assert lane.outcomes == [("CHECK", "TEMP_HIGH_RETRY")]
