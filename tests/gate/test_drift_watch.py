"""A sensor that has drifted gives no verdicts, says so, and heals; a restart forgets nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gated.core.model import Measurement, Moment, TemperatureState
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_window import SensorSample
from gated.core.visit import TemperatureTaken
from gated.gate.drift_watch import WRITE_EVERY_MS, DriftWatch
from gated.gate.health import Health
from gated.gate.thermometer_desk import CalibrationFile, ThermometerDesk
from tests.gate.gate_world import MOMENT, ROOM_MC, write_calibration

TODAY = datetime(2026, 2, 20, tzinfo=UTC).date()
SKIN_MC = 34_000
PERSON = Measurement(
    TemperatureState.NORMAL, skin_mc=SKIN_MC, ambient_mc=22_000, decision_mc=36_600
)
SENSOR = "00000000000000a1/0"


def at(ms: int) -> Moment:
    return replace(MOMENT, mono_ms=ms)


def filled(path: Path, today_skin_mc: int | None = None, of: str = SENSOR) -> DriftWatch:
    """Return a watch with four ordinary days behind it, and 30 people today if asked."""
    watch = DriftWatch(path)
    watch.look(of, at(0), TODAY)
    for back in range(1, 5):
        for _ in range(30):
            watch.measured(PERSON, TODAY - timedelta(days=back))
    for _ in range(30 if today_skin_mc is not None else 0):
        watch.measured(replace(PERSON, skin_mc=today_skin_mc), TODAY)
    watch.look(of, at(WRITE_EVERY_MS), TODAY)
    return watch


def test_a_restart_remembers_the_days(tmp_path: Path) -> None:
    path = tmp_path / "days.json"
    filled(path, SKIN_MC + 900)
    again = DriftWatch(path)
    again.look(SENSOR, at(0), TODAY)
    assert again.level == "stop"
    assert again.sentence == (
        "drift: skin reads 0.9 °C above the days before; no automatic verdicts"
    )


def test_another_sensor_or_offset_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "days.json"
    filled(path, SKIN_MC - 900)
    again = DriftWatch(path)
    again.look(SENSOR.replace("/0", "/200"), at(0), TODAY)
    assert (again.level, again.sentence) == ("ok", "")


def test_what_is_no_believed_value_does_not_count(tmp_path: Path) -> None:
    watch = filled(tmp_path / "days.json")
    for _ in range(50):
        watch.measured(replace(PERSON, state=TemperatureState.UNSTABLE, skin_mc=39_000), TODAY)
        watch.measured(replace(PERSON, state=TemperatureState.TYPED, skin_mc=None), TODAY)
        watch.measured(replace(PERSON, skin_mc=39_000), None)
    watch.look(SENSOR, at(WRITE_EVERY_MS * 2), TODAY)
    assert watch.level == "ok"


def test_a_full_card_costs_nothing_but_the_counts(tmp_path: Path) -> None:
    with capture_logs() as lines:
        watch = filled(tmp_path / "no-folder" / "days.json", SKIN_MC + 500)
    assert watch.level == "warn"
    assert "thermometer.drift_not_kept" in [line["event"] for line in lines]


class Lane:
    """A thermometer desk with a calibration, whose day so far is `today_skin_mc`."""

    def __init__(self, folder: Path, today_skin_mc: int) -> None:
        path = folder / "site.toml"
        write_calibration(path, made=TODAY - timedelta(days=1))
        file = CalibrationFile(path)
        file.reread()
        config = ThermometryConfig(three_volt=False, warm_up_ms=0)
        self.watch = filled(folder / "days.json", today_skin_mc, of="/0")
        self.desk = ThermometerDesk(config, file, 0, self.watch)
        self.health = Health()
        self.health.set("thermometer", "ok")
        self.now_ms = WRITE_EVERY_MS
        self.tick()

    def tick(self) -> None:
        self.now_ms += 60_000
        self.desk.note_calibration(self.health, TODAY, at(self.now_ms))

    def measure(self, mc: int = 33_400) -> Measurement:
        taken = []
        for value_mc, samples in ((ROOM_MC, 20), (mc, 40), (ROOM_MC, 5)):
            for number in range(samples):
                self.now_ms += 150
                sample = SensorSample(self.now_ms, value_mc + 20 * (number % 2), ROOM_MC)
                taken += self.desk.sampled(sample, TODAY)
        [only] = [one for one in taken if isinstance(one, TemperatureTaken)]
        return only.measurement


def test_a_drifted_sensor_gives_faults_and_never_a_fever(tmp_path: Path) -> None:
    lane = Lane(tmp_path, SKIN_MC + 1_000)
    [said] = lane.desk.presented(at(lane.now_ms))
    assert isinstance(said, TemperatureTaken)
    for measurement in (said.measurement, lane.measure(), lane.measure(36_900)):
        assert measurement == Measurement(TemperatureState.FAULT, detail="drifted")
    lane.tick()
    part = lane.health.part("thermometer")
    assert (part.state, lane.desk.drifting) == ("fail", True)
    assert "no automatic verdicts" in part.detail
    assert "gated thermometer check" in part.remedy


def test_half_a_degree_is_told_and_changes_no_verdict(tmp_path: Path) -> None:
    lane = Lane(tmp_path, SKIN_MC - 500)
    assert lane.measure().state is TemperatureState.NORMAL
    lane.tick()
    part = lane.health.part("thermometer")
    assert (part.state, part.detail) == ("warn", "drift: skin reads 0.5 °C below the days before")
    assert lane.desk.drifting


def test_a_wiped_window_heals_as_people_are_measured(tmp_path: Path) -> None:
    lane = Lane(tmp_path, SKIN_MC - 1_000)
    assert lane.measure().state is TemperatureState.FAULT
    while lane.watch.level == "stop" and lane.now_ms < 10_000_000:
        lane.measure()
        lane.tick()
    lane.tick()
    assert lane.measure().state is TemperatureState.NORMAL
    assert lane.health.part("thermometer").state != "fail"


def test_a_sensor_that_is_lost_stays_the_devices_fault(tmp_path: Path) -> None:
    lane = Lane(tmp_path, SKIN_MC + 1_000)
    lane.desk.lost(at(lane.now_ms))
    lane.health.set("thermometer", "fail", "nobody answers", "check power")
    lane.tick()
    assert lane.health.part("thermometer").detail == "nobody answers"


@pytest.mark.parametrize(("body_mc", "fits"), [(36_600, True), (35_600, False), (37_200, False)])
def test_people_who_all_come_out_cold_or_warm_put_the_calibration_in_doubt(
    tmp_path: Path, body_mc: int, fits: bool
) -> None:
    lane = Lane(tmp_path, SKIN_MC)
    lane.measure()
    for _ in range(10):
        lane.desk.accepted(replace(PERSON, decision_mc=body_mc), at(lane.now_ms))
    lane.tick()
    part = lane.health.part("thermometer")
    assert (part.state == "ok") is fits
    assert fits or "the calibration does not fit" in part.detail
