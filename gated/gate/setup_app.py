"""Puts the wizard together and runs it until the configuration is written: `gated setup`.

Exit codes: 0 written, 1 stopped before that or a thread crashed, 69 the port cannot be opened.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from gated.gate.device_trials import Trials
from gated.gate.devices import BusOpener
from gated.gate.first_files import Place
from gated.gate.found_devices import DEV
from gated.gate.setup_server import SetupServer
from gated.gate.setup_session import SetupSession
from gated.log import logger
from gated.process.supervisor import Supervisor, block_stop_signals
from gated.screen.listener import ScreenUnavailable

EXIT_NOT: Final = 1
EXIT_UNAVAILABLE: Final = 69

_log = logger("setup")


class _Written(Exception):
    """There is nothing more to ask."""


def run(
    config: Path,
    host: str,
    port: int,
    tell: Callable[[str], None],
    *,
    opener: BusOpener | None = None,
    dev: Path = DEV,
) -> int:
    """Serve the wizard until it is done or told to stop; return the exit code.

    tell: called with the page's address once it can be opened.
    Raises SetupRefused when somebody made a configuration already or nothing can be written.
    """
    block_stop_signals()
    trials = Trials(opener)
    session = SetupSession(Place(config), trials, dev)
    server = SetupServer(session, trials, host, port)
    try:
        server.bind()
    except ScreenUnavailable as error:
        problem = str(error.__cause__)
        remedy = "stop the gate (sudo systemctl stop gated) or choose another --port"
        _log.error("setup.refused", problem=f"port {port} cannot be opened: {problem}; {remedy}")
        return EXIT_UNAVAILABLE

    def each() -> None:
        if server.finished.is_set():
            raise _Written

    supervisor = Supervisor()
    try:
        supervisor.start(trials)
        supervisor.start(server)
        _log.info("setup.ready", url=server.url)
        tell(server.url)
        supervisor.wait(each)
    except _Written:
        pass
    finally:
        supervisor.stop()
        server.close()
    return 0 if session.written else EXIT_NOT
