"""The readings a command of `gated thermometer` works with, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from gated.cli.outcome import say
from gated.config import Config
from gated.core.thermometry_reading import Reading
from gated.errors import GatedError
from gated.gate.thermometer_source import SILENT_S, Source, open_source, silence, site_day
from gated.process.supervisor import Supervisor


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
            raise ThermometerSilent(silence(source, news, within_s))


def the_day(config: Config) -> date:
    """Return the site's date, saying so when nobody vouches for it."""
    today, sure = site_day(config)
    if not sure:
        say(f"warning: this machine's clock is not known to be right; it says {today}")
    return today
