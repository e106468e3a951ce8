"""Calibration reloaded while running, power-up remembered, samples become outcomes."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gated.core.model import Measurement, TemperatureState
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_window import SensorSample
from gated.core.visit import TargetSeen, TemperatureTaken
from gated.errors import ConfigError
from gated.gate.drift_watch import DriftWatch
from gated.gate.thermometer_desk import CalibrationFile, Outcome, PowerUpMark, ThermometerDesk
from tests.gate.gate_world import MOMENT, ROOM_MC, write_calibration

TODAY = datetime(2026, 2, 7, tzinfo=UTC).date()
MADE = TODAY - timedelta(days=1)
WRIST_MC = 33_400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "site.toml"
    write_calibration(file, made=MADE)
    return file


def touched(path: Path, by_s: int) -> None:
    """Give the file another time of change, without waiting for one."""
    os.utime(path, ns=(10**18 + by_s * 10**9, 10**18 + by_s * 10**9))


class Sensor:
    """Feeds a desk with samples every 150 ms of its own clock."""

    def __init__(self, calibration: Path | None = None, *, warm_up_ms: int = 0) -> None:
        file = CalibrationFile(calibration)
        file.reread()
        config = ThermometryConfig(three_volt=False, warm_up_ms=warm_up_ms)
        self.desk = ThermometerDesk(config, file, 0, DriftWatch(Path(os.devnull) / "none"))
        self.now_ms = 0

    def see(self, mc: int, samples: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for number in range(samples):
            self.now_ms += 150
            sample = SensorSample(self.now_ms, mc + 20 * (number % 2), ROOM_MC)
            outcomes += self.desk.sampled(sample, TODAY)
        return outcomes

    def measure(self, mc: int) -> Measurement:
        self.see(ROOM_MC, 20)
        [taken] = [o for o in self.see(mc, 40) if isinstance(o, TemperatureTaken)]
        return taken.measurement


def test_a_wrist_is_announced_then_measured_once(path: Path) -> None:
    sensor = Sensor(path)
    sensor.see(ROOM_MC, 20)
    outcomes = sensor.see(WRIST_MC, 40)
    assert [type(outcome) for outcome in outcomes] == [TargetSeen, TemperatureTaken]


def test_under_a_calibration_there_is_a_body_estimate(path: Path) -> None:
    taken = Sensor(path).measure(WRIST_MC)
    assert taken.state is TemperatureState.NORMAL
    assert taken.decision_mc is not None
    assert 36_000 < taken.decision_mc < 37_300


@pytest.mark.parametrize("made", [TODAY - timedelta(days=200), TODAY + timedelta(days=1)])
def test_an_expired_or_future_calibration_is_none(path: Path, made: object) -> None:
    write_calibration(path, made=TODAY)
    text = path.read_text().replace(TODAY.isoformat(), str(made))
    path.write_text(text)
    sensor = Sensor(path)
    assert not sensor.desk.calibrated_on(TODAY)
    taken = sensor.measure(WRIST_MC)
    assert (taken.state, taken.decision_mc) == (TemperatureState.IN_LINE, None)


def test_a_gate_without_a_file_has_no_calibration_and_no_problem() -> None:
    desk = Sensor().desk
    assert not desk.look_for_calibration()
    assert not desk.calibrated_on(TODAY)
    assert desk.problem == ""


def test_a_changed_file_is_taken_into_use_once(path: Path) -> None:
    file = CalibrationFile(path)
    assert file.reread()
    assert not file.reread()
    write_calibration(path, made=MADE, k_milli=300)
    touched(path, 1)
    assert file.reread()
    assert file.value is not None
    assert file.value.k_milli == 300


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not toml [",
        b"\xff\xfe",
        b"[calibration]\nk_milli = 'x'\n",
        b"calibration = 5\n",
        b"[[calibration]]\nk_milli = 1\n",
    ],
)
def test_a_broken_file_keeps_the_old_one_and_says_so_until_mended(
    path: Path, content: bytes
) -> None:
    file = CalibrationFile(path)
    file.reread()
    good = path.read_bytes()
    path.write_bytes(content)
    touched(path, 1)
    assert not file.reread()
    assert str(path) in file.problem
    assert file.value is not None
    assert file.value.valid_on(TODAY)
    path.write_bytes(good)
    touched(path, 2)
    assert file.reread()
    assert file.problem == ""


def test_a_file_put_back_as_it_was_is_no_problem_any_more(path: Path) -> None:
    touched(path, 0)
    file = CalibrationFile(path)
    file.reread()
    away = path.rename(path.with_suffix(".away"))
    assert not file.reread()
    assert "cannot read" in file.problem
    away.rename(path)
    assert not file.reread()
    assert file.problem == ""


@pytest.mark.parametrize("content", [None, b"calibration = 5\n", b"[calibration]\n"])
def test_the_first_reading_must_succeed(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "site.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"site\.toml"):
        CalibrationFile(path).reread()


def test_a_lost_sensor_is_a_fault_without_a_number(path: Path) -> None:
    sensor = Sensor(path)
    sensor.see(ROOM_MC, 20)
    [told] = sensor.desk.lost(MOMENT)
    assert isinstance(told, TemperatureTaken)
    assert told.measurement == Measurement(TemperatureState.FAULT, detail="bus_error")


def test_a_sensor_that_warms_up_says_so_when_a_credential_is_shown() -> None:
    sensor = Sensor(warm_up_ms=60_000)
    [told] = sensor.desk.presented(replace(MOMENT, mono_ms=59_999))
    assert isinstance(told, TemperatureTaken)
    assert told.measurement.detail == "warming_up"
    assert sensor.desk.presented(replace(MOMENT, mono_ms=60_000)) == ()


def test_those_who_passed_are_the_reference_for_the_next() -> None:
    sensor = Sensor()
    for _ in range(10):
        taken = sensor.measure(WRIST_MC)
        assert taken.state is TemperatureState.IN_LINE
        sensor.desk.accepted(taken, replace(MOMENT, mono_ms=sensor.now_ms))
    assert sensor.measure(WRIST_MC + 1_500).state is TemperatureState.ELEVATED


def test_a_typed_value_is_no_reference() -> None:
    sensor = Sensor()
    typed = Measurement(TemperatureState.TYPED, skin_mc=20_000, decision_mc=36_500)
    for _ in range(10):
        sensor.desk.accepted(typed, MOMENT)
    assert sensor.measure(WRIST_MC).detail == "no_reference"


def test_most_readings_cold_is_a_cold_day() -> None:
    sensor = Sensor()
    for _ in range(6):
        assert not sensor.desk.too_cold
        sensor.measure(28_000)
    assert sensor.desk.too_cold


def test_power_up_is_the_first_start_of_this_boot(tmp_path: Path) -> None:
    path = tmp_path / "sensor-power"
    first = PowerUpMark(path, "boot-1").since_ms(replace(MOMENT, mono_ms=5_000))
    again = PowerUpMark(path, "boot-1").since_ms(replace(MOMENT, mono_ms=90_000))
    other = PowerUpMark(path, "boot-2").since_ms(replace(MOMENT, mono_ms=7_000))
    assert (first, again, other) == (5_000, 5_000, 7_000)


@pytest.mark.parametrize(
    "content", [b"", b"boot-1", b"boot-1 ", b"boot-1 -5", b"boot-1 x", b"\xff", b"boot-1 999999"]
)
def test_a_mark_that_makes_no_sense_is_written_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sensor-power"
    path.write_bytes(content)
    assert PowerUpMark(path, "boot-1").since_ms(MOMENT) == MOMENT.mono_ms
    assert path.read_text() == f"boot-1 {MOMENT.mono_ms}\n"


def test_a_mark_that_cannot_be_written_does_not_stop_the_gate(tmp_path: Path) -> None:
    mark = PowerUpMark(tmp_path / "no-such-folder" / "sensor-power", "boot-1")
    assert mark.since_ms(MOMENT) == MOMENT.mono_ms
