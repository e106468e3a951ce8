"""The step machine on samples made by hand: edges, and promises for whatever a sensor says."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.calibration import RelativeReference, SiteCalibration, demo_calibration
from gated.core.model import ClockState, Measurement, Moment, TemperatureState
from gated.core.thermometry import (
    Measured,
    Output,
    SensorSample,
    State,
    TargetLeft,
    TargetSeen,
    ThermometryConfig,
    initial,
    lost,
    missed,
    presented,
    step,
)
from gated.core.thermometry_judge import judged

QUIET = ThermometryConfig(sigma_mc=50, settle_ms=100, supply_v=3.0, warm_up_ms=0)
NOBODY = RelativeReference()
DEMO = demo_calibration(date(2026, 1, 1))
ROOM = [22_000] * 20


def run(
    values: list[int],
    *,
    config: ThermometryConfig = QUIET,
    calibration: SiteCalibration | None = None,
    state: State | None = None,
    period_ms: int = 150,
    die_mc: int = 23_000,
) -> tuple[State, list[Output]]:
    """Feed object temperatures at the period; the die stays at one temperature."""
    state = initial(config, 0) if state is None else state
    outputs: list[Output] = []
    at_ms = 0 if state.last is None else state.last.mono_ms
    for value in values:
        at_ms += period_ms
        sample = SensorSample(at_ms, value, die_mc)
        state, out = step(config, calibration, NOBODY, state, sample)
        outputs += out
    return state, outputs


def moment(state: State) -> Moment:
    return Moment(state.last.mono_ms if state.last else 0, 0, ClockState.SYNCED)


STIRRED = [33_940, 34_060] * 3 + [33_960, 34_040]


def came_to(values: list[int]) -> tuple[int, Measurement]:
    """Return how many samples the target took, and its one measurement."""
    _, outputs = run([*ROOM, *values])
    assert outputs[0] == TargetSeen(22 * 150)
    (measured,) = [o for o in outputs if isinstance(o, Measured)]
    return measured.at_ms // 150 - 20, measured.measurement


def test_calm_window_of_eight_samples_is_the_measurement() -> None:
    taken, found = came_to([34_000] * 12)
    assert (taken, found.raw_mc) == (8, 34_000)


def test_window_that_is_not_calm_is_confirmed_by_one_more_sample() -> None:
    taken, found = came_to([*STIRRED, 34_000, *[34_300] * 20])
    assert (taken, found.raw_mc) == (9, 34_000)


def test_hottest_window_within_0_3_s_wins_and_later_ones_do_not() -> None:
    """The ninth and tenth sample are hotter, so that no longer window stands still."""
    taken, found = came_to([*STIRRED, 34_230, 34_230, *[34_900] * 20])
    assert taken == 10
    assert found.raw_mc is not None
    assert 34_000 <= found.raw_mc < 34_100


def test_who_has_moved_must_stand_still_twice_as_long() -> None:
    wandering = [33_400, 34_300] * 6
    taken, found = came_to([*wandering, *[34_000] * 30])
    assert (taken, found.raw_mc) == (12 + 12, 34_000)  # of 16 samples 4 may be outliers
    assert found.detail == "no_reference"


def test_one_sample_beyond_the_trigger_is_nobody() -> None:
    _, outputs = run([*ROOM, 34_000, *ROOM, 34_000, 22_000])
    assert outputs == []


def test_step_below_the_trigger_is_nobody() -> None:
    _, outputs = run([*ROOM, *[23_900] * 60])
    assert outputs == []


def test_trigger_needs_a_background_first() -> None:
    _, outputs = run([34_000] * 20)
    assert outputs == []


def test_sample_that_is_not_newer_is_ignored() -> None:
    state, _ = run(ROOM)
    for at_ms in (0, 20 * 150):
        again = step(QUIET, None, NOBODY, state, SensorSample(at_ms, 34_000, 23_000))
        assert again == (state, ())


def test_gap_in_the_samples_starts_the_window_anew() -> None:
    state, _ = run([*ROOM, *[34_000] * 6])
    state, outputs = run([34_000], state=state, period_ms=1_000)
    state, outputs = run([34_000] * 7, state=state)
    assert outputs == []
    _, outputs = run([34_000] * 4, state=state)
    assert [type(output) for output in outputs] == [Measured]


def test_jump_starts_the_window_anew() -> None:
    _, outputs = run([*ROOM, *[30_000] * 6, *[34_000] * 16])
    (measured,) = [o for o in outputs if isinstance(o, Measured)]
    assert measured.measurement.raw_mc == 34_000


def test_wrist_that_leaves_after_a_stable_window_keeps_its_value() -> None:
    _, outputs = run([*ROOM, *[34_000] * 8, 22_000], calibration=DEMO)
    assert [type(output) for output in outputs] == [TargetSeen, Measured, TargetLeft]
    assert isinstance(outputs[1], Measured)
    assert outputs[1].measurement.state is TemperatureState.NORMAL


def test_lost_before_anything_changes_nothing() -> None:
    state = initial(QUIET, 0)
    assert lost(state, moment(state)) == (state, ())


def test_credential_while_measuring_does_not_disturb() -> None:
    state, _ = run([*ROOM, *[34_000] * 4])
    state, outputs = presented(QUIET, state, 24 * 150)
    assert outputs == ()
    _, out = run([34_000] * 8, state=state)
    assert [type(output) for output in out] == [Measured]


def test_credential_lowers_the_trigger_of_a_hot_room_for_four_seconds_only() -> None:
    state, _ = run([33_000, 33_020] * 10, die_mc=33_000)
    state, _ = presented(QUIET, state, 20 * 150)
    late, outputs = run([33_000] * 27 + [33_900] * 12, state=state)
    assert outputs == []
    _, outputs = run([33_000] * 5 + [33_900] * 12, state=state)
    assert [type(output) for output in outputs] == [TargetSeen, Measured]
    assert missed(QUIET, late, 10_000)[1].detail == "no_target"


def test_credential_during_warm_up_is_a_fault_at_once() -> None:
    config = ThermometryConfig()
    state = initial(config, 5_000)
    _, outputs = presented(config, state, 64_999)
    assert outputs == (Measured(Measurement(TemperatureState.FAULT, detail="warming_up"), 64_999),)
    assert presented(config, state, 65_000)[1] == ()
    assert missed(config, state, 64_999)[1].detail == "warming_up"


@pytest.mark.parametrize(
    ("body_site", "raw_mc", "detail"),
    [
        ("wrist", 29_700, "too_cold_skin"),
        ("wrist", 30_000, "no_reference"),
        ("forehead", 30_700, "too_cold_skin"),
        ("forehead", 31_000, "no_reference"),
        ("wrist", 41_600, "hot_skin"),
        ("wrist", 41_900, "too_hot_object"),
    ],
)
def test_plausible_skin_depends_on_the_site(body_site: str, raw_mc: int, detail: str) -> None:
    config = ThermometryConfig(supply_v=3.0, body_site=body_site)
    found = judged(config, None, None, raw_mc, 22_000, drifting=False)
    assert found.detail == detail


def test_relative_rule_is_strictly_above_one_degree() -> None:
    skin = judged(QUIET, None, None, 34_000, 22_000, drifting=False).skin_mc
    assert skin is not None
    in_line = judged(QUIET, None, skin - 1_000, 34_000, 22_000, drifting=False)
    above = judged(QUIET, None, skin - 1_001, 34_000, 22_000, drifting=False)
    assert in_line.state is TemperatureState.IN_LINE
    assert above.state is TemperatureState.ELEVATED


def test_corrections_apply_in_order() -> None:
    """Reading 34.18 at 3.3 V, offset -0.10, room 20.08: T2 33.90, skin 34.16 by hand."""
    config = ThermometryConfig(supply_v=3.3)
    site = SiteCalibration(270, 0, -100, DEMO.made, DEMO.made, 30, 250, "hand")
    found = judged(config, site, None, 34_180, 20_280, drifting=False)
    assert found.raw_mc == 34_180
    assert found.ambient_mc == 20_000
    assert found.skin_mc == pytest.approx(33_900 + 264, abs=6)
    assert found.decision_mc == pytest.approx(34_164 + 0.27 * 14_164, abs=8)


VALUES = st.one_of(
    st.integers(21_500, 22_500),
    st.integers(33_000, 34_500),
    st.integers(33_950, 34_050),
    st.integers(-70_000, 380_000),
)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["sample"] * 12 + ["lost", "presented", "missed"]),
        st.one_of(st.just(150), st.integers(-100, 3_000), st.just(70_000)),
        VALUES,
        st.integers(1, 14),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(ACTS, st.sampled_from([None, DEMO]), st.sampled_from([0, 60_000]))
def test_whatever_the_sensor_says_the_promises_hold(
    acts: list[tuple[str, int, int, int]], calibration: SiteCalibration | None, warm_up_ms: int
) -> None:
    """Total; one Seen, at most one Measured, one Left per target; values plausible and seen."""
    config = ThermometryConfig(sigma_mc=50, supply_v=3.0, warm_up_ms=warm_up_ms)
    state, _ = run(ROOM, config=config)
    fed = {22_000}
    here = measured = False
    now_ms = 20 * 150
    for act, gap_ms, value, repeats in acts:
        for _ in range(repeats):
            now_ms += gap_ms
            outputs: tuple[Output, ...] = ()
            if act == "sample":
                fed.add(value)
                sample = SensorSample(now_ms, value, 23_000)
                state, outputs = step(config, calibration, NOBODY, state, sample)
            elif act == "lost":
                state, outputs = lost(state, Moment(now_ms, 0, ClockState.SYNCED))
            elif act == "missed":
                state, _ = missed(config, state, now_ms)
            else:
                state, answers = presented(config, state, now_ms)
                assert all(isinstance(answer, Measured) for answer in answers)
            for output in outputs:
                if isinstance(output, TargetSeen):
                    assert not here
                    here, measured = True, False
                elif isinstance(output, TargetLeft):
                    assert here
                    here = False
                else:
                    assert here
                    assert not measured
                    measured = True
                    check(output.measurement, fed, calibration)
    assert len(state.background) <= 121
    assert len(state.ambient) <= 31


def check(found: Measurement, fed: set[int], calibration: SiteCalibration | None) -> None:
    """A value is one that was seen, plausible when it is called anything, and never guessed."""
    if found.raw_mc is not None:
        assert min(fed) <= found.raw_mc <= max(fed)
    if found.state in (TemperatureState.NORMAL, TemperatureState.IN_LINE):
        assert found.skin_mc is not None
        assert 30_000 <= found.skin_mc <= 42_000
    assert (found.decision_mc is not None) == (found.state is TemperatureState.NORMAL)
    if found.state is TemperatureState.NORMAL:
        assert calibration is not None
    if found.state is TemperatureState.FAULT:
        assert (found.raw_mc, found.skin_mc) == (None, None)
