"""`gated hub tips`: prevention advice on the screen of one gate, or of all gates of a site."""

from pathlib import Path
from typing import Annotated

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import configured, say


def tips(
    file: Annotated[
        Path | None,
        typer.Argument(help="TOML with [[tips]], or a table with columns zh and en."),
    ] = None,
    gate: Annotated[str, typer.Option("--gate", help="Id of the gate.")] = "",
    config: HubConfigOption = None,
    site: SiteOption = "",
    *,
    to_all: Annotated[bool, typer.Option("--all", help="Every gate of the site.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Take the tips away; no FILE.")] = False,
) -> None:
    """Show tips in turn on a gate's idle screen, in place of the former ones."""
    from gated.cli.tips_file import read_tips
    from gated.hub.commands import Commands

    if bool(gate) is to_all:
        raise typer.BadParameter("name one gate with --gate, or give --all for every gate")
    if (file is None) is not clear:
        raise typer.BadParameter("name a file of tips, or give --clear to take them away")
    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        commands = Commands(office)
        texts = () if file is None else read_tips(file)
        if not texts and not clear:
            raise typer.BadParameter(f"{file} has no tips; --clear takes a gate's tips away")
        if to_all:
            sent = commands.send_tips_to_all(actor, texts)
        else:
            sent = {gate: commands.send_tips(actor, gate, texts)}
    for number in sent.values():
        print(number)
    waiting = f"gate {gate}" if gate else f"{len(sent)} gates"
    say(f"{len(texts)} tips wait for {waiting}; `gated hub run` delivers them.")
