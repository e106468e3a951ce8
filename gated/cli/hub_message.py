"""`gated hub message`: a text on the screen of one gate, or of all gates of a site."""

from typing import Annotated

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import configured, say


def message(
    gate: Annotated[str, typer.Argument(help="Id of the gate; left out with --all.")] = "",
    zh: Annotated[str, typer.Option(help="The text in Chinese.")] = "",
    en: Annotated[str, typer.Option(help="The text in English; left out: the Chinese one.")] = "",
    minutes: Annotated[int, typer.Option(help="How long it is shown, 1 to 1440.")] = 60,
    config: HubConfigOption = None,
    site: SiteOption = "",
    *,
    to_all: Annotated[bool, typer.Option("--all", help="Every gate of the site.")] = False,
) -> None:
    """Show a text on a gate's screen; without a text, take the former one away."""
    from gated.hub.commands import Commands

    if bool(gate) is to_all:
        raise typer.BadParameter("name one gate, or give --all for every gate of the site")
    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        commands = Commands(office)
        if to_all:
            sent = commands.send_to_all(actor, zh, en, minutes)
        else:
            sent = {gate: commands.send_message(actor, gate, zh, en, minutes)}
    for number in sent.values():
        print(number)
    waiting = f"gate {gate}" if gate else f"{len(sent)} gates"
    say(f"Waits for {waiting}; `gated hub run` delivers it while the gate is online.")
