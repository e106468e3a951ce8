"""`gated hub enrol`: a one-time code for a new gate, as text and as a picture in the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import EXIT_NOT, complain, configured, say
from gated.hub.local_time import minute

if TYPE_CHECKING:
    from gated.config import WebSection


def enrol(
    gate: Annotated[str, typer.Argument(help="Id of the gate, for example east-1.")],
    config: HubConfigOption = None,
    site: SiteOption = "",
    name: Annotated[str, typer.Option(help="What the pages call it in Chinese.")] = "",
    name_en: Annotated[str, typer.Option(help="What they call it in English.")] = "",
    direction: Annotated[
        Literal["in", "out"], typer.Option(help="Which way people pass there.")
    ] = "in",
    certificate: Annotated[
        Path | None,
        typer.Option(help="What gates see when another server stands before the pages."),
    ] = None,
) -> None:
    """Make a one-time code with which a new gate fetches its keys; valid for a day."""
    import segno

    from gated.contract.enrolment import scanned
    from gated.hub.enrolment import Enrolments, NewGate

    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        wanted = NewGate(gate, name, name_en, direction)
        ticket = Enrolments(office).make(actor, wanted, certificate)
        zone = office.site(actor.site).zone
        address = pages_address(office.config.web)
    until = minute(ticket.expires_ms, zone)
    print(f"Code for gate {gate} of site {actor.site}, good once, until {until}:\n")
    print(f"    {ticket.code.shown}\n")
    if not address:
        complain(
            "the address of the pages is not known; set [web] names in hub.toml. At the gate name"
            " it yourself: sudo gated join https://HUB:8420 CODE"
        )
        raise typer.Exit(EXIT_NOT)
    print(f"At the gate:\n\n    sudo gated join {address} {ticket.code.shown}\n")
    say("Or type `sudo gated join ` there and let a scanner that types read this picture:")
    segno.make(scanned(address, ticket.code), micro=False).terminal(compact=True)


def pages_address(web: "WebSection | None") -> str:
    """Return where gates find the pages, "" when the configuration does not tell."""
    if web is None or web.port == 0:
        return ""
    host = web.names[0] if web.names else web.host
    if not web.names and host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return ""
    return f"https://{f'[{host}]' if ':' in host else host}:{web.port}"
