"""What a person who waits to be measured is told while there is no value yet."""

from dataclasses import replace

import pytest

from gated.core.calibration import RelativeReference
from gated.core.thermometry import State, ThermometryConfig, initial, presented, step
from gated.core.thermometry_live import PROMPTED, live_reason
from gated.core.thermometry_window import SensorSample

CONFIG = ThermometryConfig(warm_up_ms=0, sigma_mc=20)
EMPTY_MC, WRIST_MC = 21_000, 33_500


class Lane:
    """A sensor that sees an empty lane of this temperature, then what the test says."""

    def __init__(self, empty_mc: int = EMPTY_MC, config: ThermometryConfig = CONFIG) -> None:
        self.config = config
        self.state: State = initial(config, 0)
        self.now_ms = 1_000
        self.die_mc = empty_mc + 2_000
        self.sees([empty_mc] * 20)

    def sees(self, values: list[int]) -> list[str]:
        said = []
        for value in values:
            noise = 20 * (self.now_ms // CONFIG.period_ms % 2)
            sample = SensorSample(self.now_ms, value + noise, self.die_mc)
            self.state, _ = step(self.config, None, RelativeReference(), self.state, sample)
            said.append(live_reason(self.config, self.state, self.now_ms))
            self.now_ms += CONFIG.period_ms
        return said

    def credential(self) -> None:
        self.state, _ = presented(self.config, self.state, self.now_ms)


def test_after_a_credential_the_plain_prompt_stands_for_four_seconds() -> None:
    lane = Lane()
    lane.credential()
    said = lane.sees([EMPTY_MC] * 40)
    silent_ms = said.index("no_target") * CONFIG.period_ms
    assert set(said) == {"", "no_target"}
    assert abs(silent_ms - CONFIG.armed_ms) <= CONFIG.period_ms


def test_a_wrist_that_is_still_is_asked_to_stay_so_until_it_is_measured() -> None:
    lane = Lane()
    lane.credential()
    said = lane.sees([WRIST_MC] * 24)
    assert said[0] == ""
    assert said[1] == "hold_still"
    assert set(said) == {"", "hold_still"}
    assert said[-1] == ""  # measured


def test_a_wrist_that_shakes_is_told_so_before_the_time_is_over() -> None:
    lane = Lane()
    said = lane.sees([WRIST_MC + 1_900 * (turn % 3) for turn in range(36)])
    assert "moving" in said
    assert said.index("hold_still") < said.index("moving")


def test_a_hand_that_comes_slowly_is_told_to_cover_the_opening() -> None:
    lane = Lane()
    said = lane.sees([EMPTY_MC + 300 * turn for turn in range(4, 38)])
    assert "partial_target" in said


@pytest.mark.parametrize(
    ("empty_mc", "reason"), [(12_000, "ambient_low"), (37_000, "ambient_high")]
)
def test_weather_the_sensor_cannot_judge_is_named(empty_mc: int, reason: str) -> None:
    lane = Lane(empty_mc)
    lane.credential()
    assert lane.sees([empty_mc])[0] == reason


def test_a_sensor_that_warms_up_asks_for_patience() -> None:
    lane = Lane(config=replace(CONFIG, warm_up_ms=60_000))
    assert live_reason(lane.config, lane.state, lane.now_ms) == "warming_up"


def test_whatever_the_sensor_sees_the_word_has_a_prompt() -> None:
    lane = Lane()
    lane.credential()
    values = [EMPTY_MC, WRIST_MC, 45_000, 5_000, WRIST_MC + 3_000]
    assert set(lane.sees([values[turn * 7 % 5] for turn in range(200)])) <= {
        "",
        "hold_still",
        *PROMPTED,
    }
