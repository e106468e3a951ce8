"""`gated run`: the daemon."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gated import config, log


def run(
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Default: GATED_CONFIG, else /etc/gated/gated.toml."),
    ] = None,
    *,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log bytes as well.")] = False,
) -> None:
    """Run the gate. Exit 0 stopped, 1 crashed, 69 journal or port unavailable, 78 configuration."""
    log.configure(verbose=verbose)
    loaded = config.load(config_file)
    from gated.gate import app

    sys.exit(app.run(loaded))
