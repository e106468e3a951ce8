"""`gated roster push`: a whole table becomes the next signed revision for every gate."""

import time
from contextlib import closing
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer


def push(
    file: Annotated[Path, typer.Argument(help="Table of people, .csv or .xlsx.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Default: GATED_HUB_CONFIG, else /etc/gated/hub.toml."),
    ] = None,
) -> None:
    """Sign a whole table as the next revision; a running hub offers it to the gates at once."""
    from gated.config import load_hub
    from gated.hub.publisher import publish_roster
    from gated.hub.store import HubStore
    from gated.store.keys import read_signing_key, read_site_keys
    from gated.store.roster_table import read_table

    settings = load_hub(config)
    table = read_table(file, ZoneInfo(settings.hub.timezone))
    keys = read_site_keys(settings.keys.site, settings.keys.rest)
    signer = read_signing_key(settings.keys.signing)
    with closing(HubStore(settings.store.url)) as store:
        published = publish_roster(
            store,
            table.rows,
            keys,
            signer,
            roster=settings.hub.roster,
            site=settings.hub.site,
            made_utc_ms=time.time_ns() // 1_000_000,
        )
    print(
        f"revision {published.rev} of {settings.hub.roster} is offered:"
        f" {published.persons} persons, {published.credentials} cards,"
        f" {published.size} bytes in {published.chunks} chunks"
    )
