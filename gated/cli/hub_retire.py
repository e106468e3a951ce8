"""`gated hub retire`: a gate that was taken down is out of use, or is used again."""

from typing import Annotated

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.hub_trace import instant, stated
from gated.cli.outcome import configured, say
from gated.hub.local_time import minute


def retire(
    gate: Annotated[str, typer.Argument(help="Id of the gate.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; stands in the audit.")] = "",
    config: HubConfigOption = None,
    site: SiteOption = "",
    *,
    since: Annotated[
        str,
        typer.Option(
            "--since", help="When it last worked, local time; left out: its last sign of life."
        ),
    ] = "",
    back: Annotated[bool, typer.Option("--back", help="It is in use again.")] = False,
) -> None:
    """A dismantled gate is listed no more and no trace waits for it; its records stay."""
    from gated.hub import retirement

    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        zone = office.site(actor.site).zone
        if back:
            retirement.take_back(office, actor, gate, stated(reason))
            say(f"Gate {gate} is in use again.")
            return
        end = instant(since, zone, whole_day=False)
        at_ms = None if end is None else round(end.timestamp() * 1000)
        end_ms = retirement.retire(office, actor, gate, stated(reason), at_ms)
    say(f"Gate {gate} is retired since {minute(end_ms, zone)}; --back takes it into use again.")
