"""`gated roster export`: the hub's list as a table, masked or in full, with a reason."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gated.cli.hub_export import export_reason
from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import say
from gated.cli.private_file import refuse_unwritable, write_result


def export(
    *,
    full: Annotated[bool, typer.Option("--full", help="Whole names and numbers.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="What for; goes into the audit.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write; left out: stdout.")
    ] = None,
    site: SiteOption = "",
    config: HubConfigOption = None,
) -> None:
    """At the hub: print the list as CSV; --full can be uploaded again as it is."""
    why = export_reason(reason)
    with opened_office(config) as office:
        from gated.hub.register_export import export_list, list_not_written

        actor = command_actor(office, site)
        not_written = partial(list_not_written, office, actor, full=full, reason=why)
        if output is not None:
            refuse_unwritable(output, not_written)
        body, people = export_list(office, actor, full=full, reason=why)
        if output is not None:
            write_result(output, body, not_written)
    if output is None:
        sys.stdout.buffer.write(body)
        sys.stdout.flush()
    else:
        say(f"{people} people written to {output}")
