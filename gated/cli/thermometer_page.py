"""`gated thermometer page`: the calibration on a page for touch or keyboard."""

from pathlib import Path
from typing import Annotated

import typer

from gated import log
from gated.cli.outcome import complain, configured, on_loopback, say
from gated.cli.thermometer_calibrate import offset_mc_of, say_written
from gated.cli.thermometer_line import the_day
from gated.config import load

EXIT_UNAVAILABLE = 69


def page(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write. Default: [thermometer] site.")
    ] = None,
    sensor_offset: Annotated[
        float | None,
        typer.Option("--sensor-offset", help="°C found today with `gated thermometer check`."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the pairs of an unfinished session.")
    ] = False,
    host: Annotated[str, typer.Option("--host", help="Address of this machine.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="Where the page is.", min=0, max=65535)
    ] = 8323,
    config: Annotated[Path | None, typer.Option("--config", help="Configuration file.")] = None,
) -> None:
    """Calibrate on a page of this machine. Exit 0 a file was written, 1 not, 69 no port.

    It goes on with an unfinished session of `gated thermometer calibrate`, and that with its own.
    """
    from gated.gate import calibration_app
    from gated.gate.thermometer_source import calibration_path
    from gated.screen.listener import ScreenUnavailable

    on_loopback(host, port)
    log.configure()
    offset_mc = offset_mc_of(sensor_offset)
    with configured():
        settings = load(config)
        the_day(settings)
        try:
            done = calibration_app.run(
                settings,
                out or calibration_path(settings),
                offset_mc,
                fresh=fresh,
                host=host,
                port=port,
                tell=lambda url: say(f"Open {url} in a browser of this machine."),
            )
        except ScreenUnavailable as error:
            complain(f"port {port} cannot be opened: {error.__cause__}; choose another --port")
            raise typer.Exit(EXIT_UNAVAILABLE) from error
    if done is None:
        say("no calibration was written; what was measured is kept")
        raise typer.Exit(1)
    say_written(done)
