"""Wrists in front of the simulated sensor, read by the real driver under a virtual clock."""

import statistics
from dataclasses import replace

import pytest

from drivers.thermometer.simulator import Fault
from gated.core.calibration import RelativeReference, skin_for_body_mc
from gated.core.model import Measurement, TemperatureState
from gated.core.thermometry import Measured, TargetLeft, TargetSeen, impairment, missed
from tests.support.thermometer_gate import DEMO, ROOM_C, Gate, kinds, only, warmed

TEN_IN_LINE = RelativeReference(tuple((1_000_000 + i, 33_500) for i in range(10)))


@pytest.mark.parametrize("variant", ["DCC", "DAA", "BBA", "DCI"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_normal_wrist_is_measured_once(variant: str, seed: int) -> None:
    gate = warmed(variant, seed=seed)
    gate.model.set_scene(34.0)
    outputs = gate.wait(10.0)
    assert kinds(outputs) == [TargetSeen, Measured]
    found = only(outputs)
    assert found.state is TemperatureState.NORMAL
    assert found.skin_mc == pytest.approx(34_000, abs=300)
    assert found.ambient_mc == pytest.approx(24_000, abs=200)
    assert found.decision_mc == pytest.approx(36_700, abs=400)
    gate.model.set_scene(None)
    assert kinds(gate.wait(3.0)) == [TargetLeft]


@pytest.mark.parametrize(
    ("variant", "median_ms", "longest_ms"),
    [("DAA", 1_450, 3_300), ("DCC", 1_500, 4_000), ("DCI", 6_300, 13_400)],
)
def test_measurement_ends_soon_after_the_wrist_arrives(
    variant: str, median_ms: int, longest_ms: int
) -> None:
    """Virtual time from arrival to Measured, whatever the phase of the sensor's updates."""
    took_ms = []
    for seed in range(15):
        gate = warmed(variant, seed=seed)
        gate.wait(0.013 * seed)
        gate.model.set_scene(34.0)
        arrived_ms = gate.now_ms
        measured = [o for o in gate.wait(14.0) if isinstance(o, Measured)]
        took_ms.append(measured[0].at_ms - arrived_ms)
    assert statistics.median(took_ms) <= median_ms
    assert max(took_ms) <= longest_ms


@pytest.mark.parametrize("body_mc", [35_500, 36_400, 36_900, 37_800, 38_500, 39_500])
def test_estimate_follows_the_body_temperature_of_the_scene(body_mc: int) -> None:
    gate = warmed("DAA")
    skin_mc = skin_for_body_mc(DEMO, body_mc, 1000 * ROOM_C)
    found = gate.wrist(skin_mc / 1000)
    assert found.state is TemperatureState.NORMAL
    assert found.decision_mc == pytest.approx(body_mc, abs=150)


def test_a_value_knows_its_words_and_what_it_was_after_each_correction() -> None:
    gate = warmed("DCC", calibration=replace(DEMO, offset_mc=300))
    found = gate.wrist(33.0)
    derived, raw_mc = found.derived, found.raw_mc
    assert derived is not None
    assert raw_mc is not None
    assert derived.object_code == (raw_mc + 273_150) // 20
    assert abs(derived.around_code * 20 - 273_150 - 1000 * ROOM_C) < 500
    assert abs(derived.die_code * 20 - 273_150 - 1000 * ROOM_C) < 2_000
    assert derived.supply_mc == raw_mc - 180  # 0.3 V above 3.0 V
    assert derived.offset_mc == derived.supply_mc + 300
    assert found.skin_mc is not None
    assert found.skin_mc > derived.offset_mc  # an emissivity below 1 in a colder room
    assert derived.model_id == DEMO.model_id


def test_many_people_in_a_row_are_each_measured_once() -> None:
    gate = warmed("DAA")
    for person in range(25):
        skin_c = 33.0 + 0.1 * person
        assert gate.wrist(skin_c, 2.0).skin_mc == pytest.approx(1000 * skin_c, abs=150)
        gate.model.set_scene(None)
        assert kinds(gate.wait(0.6)) == [TargetLeft]


def test_cold_wrist_is_implausible_and_keeps_its_value() -> None:
    found = warmed().wrist(28.5)
    assert (found.state, found.detail) == (TemperatureState.IMPLAUSIBLE, "too_cold_skin")
    assert found.skin_mc == pytest.approx(28_500, abs=300)
    assert found.decision_mc is None


def test_hot_cup_is_implausible() -> None:
    found = warmed().wrist(55.0)
    assert (found.state, found.detail) == (TemperatureState.IMPLAUSIBLE, "too_hot_object")


def test_without_calibration_nothing_is_normal() -> None:
    found = warmed(calibration=None).wrist(34.0)
    assert (found.state, found.detail) == (TemperatureState.IN_LINE, "no_reference")
    assert found.decision_mc is None


@pytest.mark.parametrize(
    ("skin_c", "expected"),
    [(33.6, TemperatureState.IN_LINE), (35.2, TemperatureState.ELEVATED)],
)
def test_without_calibration_others_are_the_measure(
    skin_c: float, expected: TemperatureState
) -> None:
    found = warmed("DAA", calibration=None, reference=TEN_IN_LINE).wrist(skin_c)
    assert (found.state, found.detail, found.decision_mc) == (expected, "", None)


def test_moving_wrist_is_unstable_after_six_seconds() -> None:
    gate = warmed()
    turns = iter(range(10_000))
    gate.model.set_scene(34.0)

    def move() -> None:
        gate.model.set_scene(34.0 if next(turns) % 2 else 29.0)

    outputs = gate.wait(8.0, each=move)
    found = only(outputs)
    assert (found.state, found.detail) == (TemperatureState.UNSTABLE, "moving")
    measured = next(o for o in outputs if isinstance(o, Measured))
    seen = next(o for o in outputs if isinstance(o, TargetSeen))
    assert 5_500 <= measured.at_ms - seen.at_ms <= 6_200


def test_wrist_that_creeps_up_is_a_partial_target() -> None:
    gate = warmed("DAA")
    gate.model.fill = 0.3
    gate.model.set_scene(34.0)

    def creep() -> None:
        gate.model.fill = min(1.0, gate.model.fill + 0.017)

    found = only(gate.wait(8.0, each=creep))
    assert (found.state, found.detail) == (TemperatureState.UNSTABLE, "partial_target")


def test_hand_that_passes_by_has_no_measurement() -> None:
    gate = warmed()
    gate.model.set_scene(34.0)
    gate.wait(0.45)
    gate.model.set_scene(None)
    gate.wait(3.0)
    assert kinds(gate.outputs) in ([TargetSeen, TargetLeft], [])


def test_wrist_pulled_away_too_soon_is_moving() -> None:
    gate = warmed()
    gate.model.set_scene(34.0)
    gate.wait(1.1)
    gate.model.set_scene(None)
    outputs = [*gate.outputs, *gate.wait(3.0)]
    assert kinds(gate.outputs) == [TargetSeen, Measured, TargetLeft]
    assert only(gate.outputs).detail == "moving"
    assert outputs


def test_sensor_failing_mid_measurement_is_a_fault_and_the_same_wrist_is_measured_after() -> None:
    gate = warmed()
    gate.model.set_scene(34.0)
    assert kinds(gate.wait(0.6)) == [TargetSeen]
    gate.model.fault(Fault.NACK)
    outputs = gate.wait(1.0)
    assert kinds(outputs) == [Measured, TargetLeft]
    assert only(outputs) == Measurement(TemperatureState.FAULT, detail="bus_error")
    gate.model.heal()
    assert only(gate.wait(4.0)).state is TemperatureState.NORMAL


def test_sensor_failing_after_the_measurement_does_not_measure_the_wrist_again() -> None:
    gate = warmed()
    gate.wrist(34.0)
    gate.model.fault(Fault.NACK)
    gate.wait(1.0)
    gate.model.heal()
    assert gate.wait(4.0) == []


@pytest.mark.parametrize(
    "fault", [Fault.ALL_ONES, Fault.ALL_ZERO, Fault.DEAD_BUS, Fault.ERROR_FLAG]
)
def test_dead_codes_are_a_fault_and_never_a_fever(fault: Fault) -> None:
    """Acceptance scenario 11: all ones would be 1037 °C."""
    gate = warmed()
    gate.model.set_scene(34.0)
    gate.wait(0.6)
    gate.model.fault(fault)
    assert only(gate.wait(1.0)).detail == "bus_error"


def test_frozen_sensor_is_a_fault_for_the_next_credential() -> None:
    gate = warmed()
    gate.model.fault(Fault.FROZEN)
    gate.wait(4.0)
    assert impairment(gate.config, gate.state, gate.now_ms) == "frozen"
    assert only(gate.show_card()) == Measurement(TemperatureState.FAULT, detail="frozen")
    gate.model.heal()
    gate.wait(1.0)
    assert gate.show_card() == []
    assert gate.wrist(34.0).state is TemperatureState.NORMAL


def test_sensor_that_freezes_on_a_wrist_never_measures_the_next_person() -> None:
    gate = warmed()
    gate.wrist(34.0)
    gate.model.fault(Fault.FROZEN)
    gate.model.set_scene(None)
    assert gate.wait(6.0) == []
    assert only(gate.show_card()).detail == "frozen"
    gate.model.heal()
    assert kinds(gate.wait(1.0)) == [TargetLeft]
    assert gate.wrist(35.0).state is TemperatureState.NORMAL


def test_wrist_left_on_is_measured_once_and_becomes_the_background() -> None:
    gate = warmed()
    gate.wrist(34.0)
    assert kinds(gate.wait(70.0)) == [TargetLeft]
    gate.model.set_scene(None)
    assert gate.wait(20.0) == []
    assert gate.wrist(34.0).state is TemperatureState.NORMAL


def test_first_minute_after_power_up_is_a_fault() -> None:
    gate = Gate(warm_up_ms=60_000)
    gate.wait(10.0)
    assert gate.wrist(34.0) == Measurement(TemperatureState.FAULT, detail="warming_up")
    gate.model.set_scene(None)
    gate.wait(50.0)
    assert gate.wrist(34.0).state is TemperatureState.NORMAL


@pytest.mark.parametrize(
    ("room_c", "detail"), [(10.0, "ambient_low"), (15.5, "ambient_low"), (36.5, "ambient_high")]
)
def test_room_outside_its_range_is_unstable_with_the_value_kept(room_c: float, detail: str) -> None:
    found = warmed("DAA", room_c=room_c).wrist(40.0 if room_c > 30 else 33.0)
    assert (found.state, found.detail) == (TemperatureState.UNSTABLE, detail)
    assert found.skin_mc is not None
    assert found.decision_mc is None


def test_hot_room_measures_a_fever_by_itself() -> None:
    found = warmed("DAA", room_c=33.0).wrist(36.5)
    assert found.state is TemperatureState.NORMAL
    assert found.skin_mc == pytest.approx(36_500, abs=150)


def test_hot_room_measures_a_normal_wrist_after_a_card_only() -> None:
    gate = warmed("DAA", room_c=33.0)
    gate.model.set_scene(34.9)
    assert gate.wait(3.0) == []
    gate.show_card()
    found = only(gate.wait(4.0))
    assert found.state is TemperatureState.NORMAL
    assert found.skin_mc == pytest.approx(34_900, abs=150)
    gate.model.set_scene(None)
    assert kinds(gate.wait(2.0)) == [TargetLeft]


@pytest.mark.parametrize(
    ("variant", "room_c", "skin_c", "detail"),
    [
        ("DAA", 33.0, 34.2, "partial_target"),
        ("DAA", 34.5, 35.6, "ambient_high"),
        ("DCC", 31.0, 34.9, "ambient_high"),
        ("DCC", 28.0, 31.5, "partial_target"),
    ],
)
def test_step_in_which_a_covered_half_would_not_show_is_never_normal(
    variant: str, room_c: float, skin_c: float, detail: str
) -> None:
    gate = warmed(variant, room_c=room_c)
    gate.show_card()
    found = gate.wrist(skin_c)
    assert (found.state, found.detail, found.decision_mc) == (
        TemperatureState.UNSTABLE,
        detail,
        None,
    )
    assert found.skin_mc == pytest.approx(1000 * skin_c, abs=300)


def test_drifting_die_makes_a_value_doubtful() -> None:
    gate = warmed("DAA")

    def warm_up() -> None:
        gate.model.self_heating_c += 0.002

    gate.wait(60.0, each=warm_up)
    found = gate.wrist(34.0)
    assert (found.state, found.detail) == (TemperatureState.UNSTABLE, "ta_drifting")
    assert found.skin_mc is not None


def test_nobody_is_missing_and_a_blocked_lens_shows_at_the_third_time() -> None:
    """A cap at the sensor's own temperature: nothing ever steps, object reads as the die."""
    gate = warmed("DAA")
    gate.model.self_heating_c = 0.0
    gate.wait(2.0)
    details = []
    for _ in range(3):
        gate.state, found = missed(gate.config, gate.state, gate.now_ms)
        details.append((found.state, found.detail))
    assert details == [
        (TemperatureState.MISSING, "no_target"),
        (TemperatureState.MISSING, "no_target"),
        (TemperatureState.FAULT, "lens_blocked"),
    ]


def test_three_shy_people_do_not_block_a_lens_that_sees_the_room() -> None:
    gate = warmed("DAA")
    for _ in range(5):
        gate.state, found = missed(gate.config, gate.state, gate.now_ms)
        assert found.detail == "no_target"
    assert gate.wrist(34.0).state is TemperatureState.NORMAL
    assert gate.state.misses == 0
