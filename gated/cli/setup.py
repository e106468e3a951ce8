"""`gated setup`: the first start of a gate, asked on a page of this machine."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gated import log
from gated.cli.outcome import on_loopback, reported, say
from gated.config import DEFAULT_PATH


def setup(
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Default: GATED_CONFIG, else /etc/gated/gated.toml."),
    ] = None,
    *,
    host: Annotated[str, typer.Option("--host", help="Address of this machine.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="Where the page is.", min=0, max=65535)
    ] = 8321,
) -> None:
    """Ask for everything a new gate needs. Exit 0 written, 1 not, 69 no port."""
    from gated.gate import setup_app

    on_loopback(host, port)
    log.configure()
    path = config_file or Path(os.environ.get("GATED_CONFIG", DEFAULT_PATH))
    with reported():
        code = setup_app.run(
            path, host, port, lambda url: say(f"Open {url} in a browser of this machine.")
        )
    if code == 0:
        print(f"{path} is written. Next:")
        print("  sudo -u gated gated check")
        print("  sudo systemctl enable --now gated")
    sys.exit(code)
