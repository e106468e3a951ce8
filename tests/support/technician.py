"""What a technician's commands look at in tests: readings on a script, a site with a sensor."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from typer.testing import CliRunner

from gated.cli.main import app
from gated.core.correction_steps import Corrections
from gated.core.model import Measurement, TemperatureState
from gated.core.thermometry_reading import Reading
from gated.gate.live_board import News
from tests.gate.site_files import write_site

SERIAL = "1d7b8e020c175a41"
TODAY = datetime.now(UTC).date()
K, C_MC = 0.25, 300  # the line that invented people lie on
STEPS = Corrections(three_volt=True, supply_v=3.3)

Play = Callable[[Iterator[Reading]], None]


class Script:
    """A source whose next reading comes when it is asked for; time is what the readings say."""

    name = "script"
    daemon = True

    def __init__(self, readings: Iterator[Reading]) -> None:
        self._readings = readings
        self.mark = 0

    @property
    def board(self) -> Self:
        return self

    def after(self, mark: int, timeout_s: float) -> News:
        del timeout_s
        found = next(self._readings, None)
        if found is None:
            return News(mark, ended="the script is over")
        self.mark = mark + 1
        return News(self.mark, (found,))

    def run(self, stop: threading.Event) -> None:
        stop.wait()

    def interrupt(self) -> None:
        pass


def sensor_site(folder: Path) -> Path:
    """Write a gate with a thermometer nobody can open; return the configuration's path."""
    (folder / "store").mkdir()
    more = f'[thermometer]\nbus = "/dev/none"\nvariant = "DCC"\nsite = "{folder}/site.toml"\n'
    return write_site(folder, more)


def run(site: Path, *words: str, typed: str = "") -> Any:
    """Run `gated thermometer` with these words and this typing."""
    line = ["thermometer", *words, "--config", str(site)]
    return CliRunner().invoke(app, line, input=typed)


def reading(number: int, **changes: Any) -> Reading:
    empty = Reading(
        mono_ms=1_000 + 150 * number,
        object_code=0x39A8,
        ambient_code=0x39DA,
        object_mc=22_000,
        ambient_mc=23_000,
        supply_mc=21_820,
        offset_mc=21_820,
        skin_mc=21_820,
        background_mc=22_000,
        surroundings_mc=21_820,
        phase="idle",
        reason="",
        awaited=False,
        calibrated=False,
        serial=SERIAL,
    )
    return replace(empty, **changes)


def raw_for(skin_mc: int, around_mc: int) -> tuple[int, int]:
    """Return what the sensor reads of this skin and these surroundings, to a code of 20."""
    back = round(around_mc / 20) * 20 + 180
    low, high = 10_000, 45_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if STEPS.skin(middle, back)[0] < skin_mc else (low, middle)
    return high, back


def wrist(number: int, skin_mc: int, around_mc: int, **changes: Any) -> Reading:
    raw, back = raw_for(skin_mc, around_mc)
    taken = Measurement(TemperatureState.IN_LINE, raw, skin_mc, around_mc)
    found: dict[str, Any] = {"taken": taken, "background_mc": back, "phase": "holding"}
    return reading(number, **found | changes)


def person(number: int) -> tuple[int, int, float]:
    """Return skin, surroundings and contact value of one of the people."""
    around = 17_000 + 300 * number
    body = 36_500 + 100 * (number % 5)
    skin = round((body - C_MC + K * around) / (1 + K))
    return skin, around, body / 1000
