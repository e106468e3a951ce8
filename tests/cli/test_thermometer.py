"""`gated thermometer check` and `watch`: a black body, and a look at every sample."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drivers.thermometer.device import Mlx90614
from drivers.thermometer.simulator import Mlx90614Model, SimulatedBus, VirtualClock
from gated.cli import thermometer_line
from gated.cli.thermometer import line
from gated.cli.thermometer_check import _Hold
from gated.core import thermometry
from gated.core.calibration import (
    RelativeReference,
    SiteCalibration,
    demo_calibration,
    parse_calibration,
)
from gated.core.model import Measurement, TemperatureState
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_reading import Reading, as_fields, read, reading_of
from gated.core.thermometry_window import SensorSample
from gated.gate.live_board import LiveBoard, News
from tests.gate.gate_world import write_calibration
from tests.gate.site_files import command, write_site
from tests.support.technician import SERIAL, TODAY, Play, Script, reading, run, sensor_site


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    def use(readings: Iterator[Reading]) -> None:
        monkeypatch.setattr(thermometer_line, "open_source", lambda _: Script(readings))

    return use


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return sensor_site(tmp_path)


def written(folder: Path) -> SiteCalibration:
    table = tomllib.loads((folder / "site.toml").read_text("utf-8"))
    return parse_calibration(table["calibration"])


# check


def sensed(
    scene: Callable[[int], float | None],
    *,
    calibration: SiteCalibration | None = None,
    drift_c: float = 0.0,
    seed: int = 3,
) -> Iterator[Reading]:
    """Yield what the real driver reads of a simulated sensor; scene: °C by sample, None empty."""
    clock = VirtualClock()
    model = Mlx90614Model(clock.monotonic, seed=seed)
    model.drift_c, model.emissivity = drift_c, 0.98
    model.set_scene(scene(0), 22.0)
    model.power_cycle(wait=False)
    device = Mlx90614(SimulatedBus(model), clock=clock)
    kind = ThermometryConfig(warm_up_ms=0)
    state = thermometry.initial(kind, 0)
    for number in range(2_000):
        model.set_scene(scene(number), 22.0)
        found = device.read(1.0)
        assert found is not None
        sample = SensorSample(int(found.taken_s * 1000), found.object_mc, found.ambient_mc)
        state, outputs = thermometry.step(kind, calibration, RelativeReference(), state, sample)
        taken = [one.measurement for one in outputs if isinstance(one, thermometry.Measured)]
        yield read(
            kind,
            calibration,
            state,
            sample,
            awaited=False,
            serial=SERIAL,
            taken=taken[0] if taken else None,
        )


def black_body(number: int) -> float | None:
    return None if number < 30 else 36.0


def test_a_good_sensor_passes_before_a_black_body(site: Path, play: Play) -> None:
    play(sensed(black_body))
    done = run(site, "check", "--black-body", "36")
    assert done.exit_code == 0, done.output
    assert "PASS: within ±0.2 °C of a DCC" in done.stdout
    assert "a perfect sensor reads 35.74 °C" in done.stdout
    assert "no other offset is called for" in done.stdout


def test_a_sensor_that_is_off_fails_and_an_offset_is_proposed(site: Path, play: Play) -> None:
    play(sensed(black_body, drift_c=-0.5))
    done = run(site, "check", "--black-body", "36", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["pass"]) == (1, False)
    assert found["difference_mc"] == pytest.approx(-500, abs=90)
    assert found["offset_mc"] == -found["difference_mc"]
    assert 100 <= found["uncertainty_mc"] <= 200
    assert found["limit_mc"] == 200


def test_the_offset_is_written_dated_and_the_former_file_kept(
    site: Path, tmp_path: Path, play: Play
) -> None:
    made = TODAY - timedelta(days=20)
    write_calibration(tmp_path / "site.toml", made=made, offset_mc=100)
    former = replace(demo_calibration(made), offset_mc=100)
    play(sensed(black_body, calibration=former, drift_c=-0.5))
    done = run(site, "check", "--black-body", "36", "--write-offset")
    assert done.exit_code == 1, "it was off by 0.4 when it was looked at"
    fresh = written(tmp_path)
    assert fresh.offset_mc == pytest.approx(500, abs=90)
    assert (fresh.offset_dated, fresh.made, fresh.c_mc) == (TODAY, made, former.c_mc)
    assert (tmp_path / f"site-{made}.toml").exists()
    play(sensed(black_body, calibration=fresh, drift_c=-0.5))
    assert run(site, "check", "--black-body", "36").exit_code == 0, "the offset makes it right"


def test_an_offset_without_a_calibration_is_refused_with_what_to_do(site: Path, play: Play) -> None:
    play(sensed(black_body, drift_c=-0.5))
    done = run(site, "check", "--black-body", "36", "--write-offset")
    assert done.exit_code == 1
    assert "gated thermometer calibrate --sensor-offset 0.5" in done.stderr


def test_an_offset_of_more_than_a_degree_is_a_fault(site: Path, tmp_path: Path, play: Play) -> None:
    write_calibration(tmp_path / "site.toml", made=TODAY)
    before = (tmp_path / "site.toml").read_bytes()
    play(sensed(black_body, drift_c=-1.4))
    done = run(site, "check", "--black-body", "36", "--write-offset")
    assert done.exit_code == 1
    assert "clean the window" in done.stdout
    assert "more than an offset may be" in done.stderr
    assert (tmp_path / "site.toml").read_bytes() == before


def test_an_emissivity_of_its_own_is_taken_into_account(site: Path, play: Play) -> None:
    play(sensed(black_body))
    done = run(site, "check", "--black-body", "36", "--emissivity", "0.95", "--json")
    assert json.loads(done.stdout)["difference_mc"] == pytest.approx(390, abs=90)


@pytest.mark.parametrize(
    ("scene", "words", "why"),
    [
        (lambda _: None, (), r"it sees 2[12]\.\d °C now"),
        (lambda n: None if n < 30 else 31.0, (), "no source near 36.0 °C"),
        (lambda n: (None, 36.0)[n // 5 % 2], (), "stood still"),
        (lambda _: 36.0, (), "take it away until the lane was empty"),
        (lambda _: 36.0, ("--surroundings", "34"), "cannot be told from an empty lane"),
    ],
)
def test_without_a_source_that_stands_still_there_is_no_verdict(
    site: Path,
    play: Play,
    scene: Callable[[int], float | None],
    words: tuple[str, ...],
    why: str,
) -> None:
    play(sensed(scene))
    done = run(site, "check", "--black-body", "36", *words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert re.search(why, done.stderr)


def test_surroundings_that_are_typed_need_no_empty_lane(site: Path, play: Play) -> None:
    play(sensed(lambda _: 36.0))
    done = run(site, "check", "--black-body", "36", "--surroundings", "22")
    assert done.exit_code == 0, done.output


def test_readings_begin_anew_when_the_source_moves() -> None:
    hold = _Hold(ThermometryConfig())
    for number in range(60):
        hold.take(reading(number, object_mc=36_000 + 20 * (number % 2)), near=True)
    assert len(hold.held) > 20
    hold.take(reading(60, object_mc=22_000), near=False)
    assert hold.held == []


# watch


def test_watching_prints_every_step_of_every_sample(site: Path, play: Play) -> None:
    taken = Measurement(TemperatureState.NORMAL, 33_000, 33_210, 21_820, 36_500)
    play(iter([reading(0, reason="warming_up"), reading(1, taken=taken, calibrated=True)]))
    done = run(site, "watch")
    assert done.exit_code == 1
    assert "the script is over" in done.stderr
    first, second = done.stdout.splitlines()
    assert first == (
        "raw 22.00 (0x39a8)  die 23.00 (0x39da)  supply 21.82  offset 21.82  skin 21.82  "
        "background 22.00  surroundings 21.82  state idle  reason warming_up  "
        "calibration none in force"
    )
    assert second.endswith("taken normal, skin 33.21, body estimate 36.50")


def test_watching_as_json_can_be_read_back(site: Path, play: Play) -> None:
    taken = Measurement(TemperatureState.NORMAL, 33_000, 33_210, 21_820, 36_500)
    told = [reading(0), reading(1, taken=taken)]
    play(iter(told))
    done = run(site, "watch", "--json")
    assert [reading_of(json.loads(row)) for row in done.stdout.splitlines()] == told


def test_a_background_that_is_not_known_yet_is_a_dash() -> None:
    unknown = reading(0, background_mc=None, surroundings_mc=None, skin_mc=None)
    assert "skin -  background -  surroundings -" in line(unknown)


@pytest.mark.parametrize("found", [{}, {"taken": 5}, {"taken": {"state": "warm"}}])
def test_what_is_no_reading_is_refused(found: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        reading_of(found)
    newer = as_fields(reading(0)) | {"more": 1}
    assert reading_of(newer) == reading(0)


# the whole command


@pytest.mark.parametrize("words", [("watch",), ("calibrate",), ("check", "--black-body", "36")])
def test_a_gate_without_a_thermometer_is_told_so(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = command("thermometer", *words, "--config", str(write_site(tmp_path)))
    assert done.returncode == 78
    assert "has no [thermometer]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bus_that_is_not_there_is_one_sentence(site: Path) -> None:
    done = command("thermometer", "watch", "--seconds", "1", "--config", str(site))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: cannot open I2C bus")
    assert len(done.stderr.splitlines()) == 1


def test_a_board_tells_a_slow_reader_what_is_lost() -> None:
    board = LiveBoard()
    mark = board.mark
    for number in range(100):
        board.post(reading(number))
    news = board.after(mark)
    assert (len(news.readings), news.lost, news.mark) == (64, 36, 100)
    assert news.readings[-1] == reading(99)
    assert board.after(news.mark) == News(100)
    board.end("over")
    assert board.after(news.mark, timeout_s=60).ended == "over"
