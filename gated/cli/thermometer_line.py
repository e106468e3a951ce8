"""The readings a command of `gated thermometer` works with, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gated.cli.outcome import say
from gated.config import Config
from gated.core.model import ClockState
from gated.core.thermometry_reading import Reading
from gated.errors import GatedError
from gated.gate.live_board import News
from gated.gate.thermometer_source import Source, open_source
from gated.process.clock import SystemClock
from gated.process.supervisor import Supervisor

SILENT_S = 8.0  # the slowest sensor gives a reading every 0.65 s, and a lost one is retried


class ThermometerSilent(GatedError, ConnectionError):
    """Readings were expected and none come: no sensor, a gate that ends, a broken line."""


@contextmanager
def looking(config: Config) -> Iterator[Source]:
    """Readings come in while this is open. Raises ConfigError, ControlDenied."""
    source = open_source(config)
    supervisor = Supervisor()
    supervisor.start(source)
    try:
        yield source
    finally:
        supervisor.stop()


def next_readings(source: Source, within_s: float = SILENT_S) -> Iterator[Reading]:
    """Yield every reading from now on. Raises ThermometerSilent."""
    mark = source.board.mark
    while True:
        news = source.board.after(mark, within_s)
        mark = news.mark
        yield from news.readings
        if not news.readings:
            raise ThermometerSilent(_why(source, news, within_s))


def _why(source: Source, news: News, within_s: float) -> str:
    if news.ended:
        return news.ended
    what = "the gate runs, but its thermometer" if source.daemon else "the thermometer"
    return f"{what} gave no reading for {within_s:.0f} s; look at it with gated check"


def the_day(config: Config) -> date:
    """Return the site's date, saying so when nobody vouches for it."""
    now = SystemClock(trusted=config.gate.clock == "trusted").now()
    today = datetime.fromtimestamp(now.utc_ms / 1000, ZoneInfo(config.gate.timezone)).date()
    if now.clock is ClockState.UNSURE:
        say(f"warning: this machine's clock is not known to be right; it says {today}")
    return today
