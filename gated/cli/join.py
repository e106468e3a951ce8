"""`gated join`: a new gate takes its keys from the hub with a one-time code."""

from pathlib import Path
from typing import Annotated

import typer

from gated.cli.outcome import reported, say

FOLDER = Path("/etc/gated")


def join(
    address: Annotated[
        str, typer.Argument(help="The hub's pages, https://hub.lan:8420, or all of the picture.")
    ],
    code: Annotated[
        str, typer.Argument(help="The code from the hub's page; asked for when left out.")
    ] = "",
    folder: Annotated[Path, typer.Option("--dir", help="Where keys and gated.toml go.")] = FOLDER,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace keys that are there.")] = False,
) -> None:
    """Fetch keys and certificate of this gate from the hub. Exit 0 joined, 1 not."""
    from gated.contract.enrolment import parse_scanned
    from gated.gate.joining import join as joining

    if (scanned := parse_scanned(address)) is not None:
        address, code = scanned
    if not code:
        code = typer.prompt("Code", err=True)
    with reported():
        done = joining(address, code, folder, force=force)
    print(f"This is now gate {done.gate} of site {done.site}; its keys are in {done.keys}.")
    for path in done.kept:
        say(f"The file that was there before is kept as {path}")
    if done.wrote_config:
        print(f"{done.config} is written. Add its devices as config/gated.toml shows them, then:")
    else:
        print(f"{done.config} was there and is left as it is. It must hold these lines:\n")
        print(done.lines)
        print("Then:")
    print("  sudo -u gated gated check\n")
    print("Then install and start the unit: README, The daemon. Where it runs already:")
    print("  sudo systemctl restart gated")
