"""A gate that starts while somebody's wrist is already there."""

from gated.core.calibration import RelativeReference
from gated.core.model import TemperatureState
from gated.core.thermometry import (
    Measured,
    Output,
    SensorSample,
    State,
    TargetSeen,
    ThermometryConfig,
    initial,
    step,
)

CONFIG = ThermometryConfig(warm_up_ms=0, sigma_mc=20)
EMPTY_MC, WRIST_MC, DIE_MC = 21_000, 33_500, 23_000


class Sensor:
    """Feeds one sample per period; noise of one code, so that it is not called frozen."""

    def __init__(self) -> None:
        self.state: State = initial(CONFIG, 0)
        self.now_ms = 1_000
        self.outputs: list[Output] = []

    def sees(self, object_mc: int, for_ms: int) -> None:
        end_ms = self.now_ms + for_ms
        while self.now_ms < end_ms:
            noise = 20 * (self.now_ms // CONFIG.period_ms % 2)
            sample = SensorSample(self.now_ms, object_mc + noise, DIE_MC)
            self.state, outputs = step(CONFIG, None, RelativeReference(), self.state, sample)
            self.outputs += outputs
            self.now_ms += CONFIG.period_ms


def test_a_wrist_that_was_there_first_is_not_taken_for_an_empty_lane() -> None:
    sensor = Sensor()
    sensor.sees(WRIST_MC, 5_000)
    sensor.sees(EMPTY_MC, 3_000)
    assert sensor.outputs == []
    sensor.sees(WRIST_MC, 3_000)
    assert isinstance(sensor.outputs[0], TargetSeen)
    measured = [output for output in sensor.outputs if isinstance(output, Measured)]
    assert [m.measurement.state for m in measured] == [TemperatureState.IN_LINE]


def test_a_warm_wall_becomes_the_background_after_a_minute() -> None:
    sensor = Sensor()
    sensor.sees(WRIST_MC, CONFIG.adopt_ms + 5_000)
    assert sensor.state.background_mc >= WRIST_MC


def test_skin_warmer_than_any_healthy_body_is_asked_again_with_nobody_to_compare() -> None:
    sensor = Sensor()
    sensor.sees(EMPTY_MC, 3_000)
    sensor.sees(38_800, 3_000)
    measured = [output for output in sensor.outputs if isinstance(output, Measured)]
    assert [m.measurement.state for m in measured] == [TemperatureState.ELEVATED]
    assert measured[0].measurement.decision_mc is None


def test_a_short_look_at_an_empty_lane_is_enough_to_see_a_wrist() -> None:
    sensor = Sensor()
    sensor.sees(EMPTY_MC, 1_000)
    sensor.sees(WRIST_MC, 3_000)
    assert [type(output) for output in sensor.outputs] == [TargetSeen, Measured]
