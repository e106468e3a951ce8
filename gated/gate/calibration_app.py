"""Puts the calibration page together and runs it until the technician ends it."""

from collections.abc import Callable
from pathlib import Path

from gated import texts
from gated.config import Config
from gated.gate.calibration_desk import CalibrationDesk, Written
from gated.gate.calibration_server import CalibrationServer
from gated.gate.calibration_session import alone
from gated.gate.calibration_sitting import CalibrationSitting
from gated.gate.calibration_writing import refuse_unwritable
from gated.gate.thermometer_source import open_source, site_day
from gated.process.supervisor import Supervisor, block_stop_signals


class _Ended(Exception):
    """The technician has nothing more to do."""


def run(
    config: Config,
    path: Path,
    offset_mc: int | None,
    *,
    fresh: bool,
    host: str,
    port: int,
    tell: Callable[[str], None],
) -> Written | None:
    """Serve the page until its end or a stop signal; return what was written, if anything was.

    path: of the calibration. tell: called with the page's address once it can be opened. Raises
    ConfigError, ControlDenied, CalibrationNotWritten, StoreError, and ScreenUnavailable when the
    port cannot be opened.
    """
    block_stop_signals()
    words = texts.load(config.screen.texts if config.screen else None)
    source = open_source(config)
    refuse_unwritable(path)
    desk = CalibrationDesk(config, path, lambda: site_day(config)[0])
    sitting = CalibrationSitting(
        desk,
        source,
        offset_mc,
        fresh=fresh,
        pair_s=config.visit.pair_s,
        day_sure=site_day(config)[1],
    )
    server = CalibrationServer(sitting, config.gate.language, words, host, port)

    def each() -> None:
        if server.finished.is_set():
            raise _Ended

    supervisor = Supervisor()
    with alone(desk.kept):
        server.bind()
        try:
            supervisor.start(source)
            supervisor.start(sitting)
            supervisor.start(server)
            tell(server.url)
            supervisor.wait(each)
        except _Ended:
            pass
        finally:
            supervisor.stop()
            server.close()
    return sitting.written
