"""`gated hub`: the program at the centre, and what it knows of its gates."""

import json
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from gated.config import HubConfig

EXIT_STOPPED: Final = 0
EXIT_CRASHED: Final = 1

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Default: GATED_HUB_CONFIG, else /etc/gated/hub.toml."),
]

app = typer.Typer(
    name="hub", help="The program at the centre.", no_args_is_help=True, add_completion=False
)


@app.callback()
def about() -> None:
    """Collects what the gates record and hands out what they need."""


@app.command()
def run(
    config: ConfigOption = None,
    *,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False,
) -> None:
    """Serve the gates until told to stop. Exit 0 stopped, 1 crashed or no store, 78 config."""
    from gated import log
    from gated.config import load_hub
    from gated.hub.service import Hub, HubSettings
    from gated.hub.store import HubStore
    from gated.process.supervisor import Supervisor, block_stop_signals
    from gated.process.systemd import notify

    log.configure(verbose=verbose)
    settings = load_hub(config)
    HubStore(settings.store.url).close()  # one that cannot be opened is refused before READY
    block_stop_signals()
    hub = Hub(
        HubSettings(
            broker=_broker(settings),
            store_url=settings.store.url,
            reconnect_base_ms=round(settings.broker.reconnect_s * 1000),
        )
    )
    supervisor = Supervisor()
    supervisor.start(hub)
    notify("READY=1")
    supervisor.wait(lambda: None)
    notify("STOPPING=1")
    stuck = supervisor.stop()
    sys.exit(EXIT_CRASHED if supervisor.failed or stuck else EXIT_STOPPED)


@app.command()
def gates(
    config: ConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every gate ever heard of: online, last event, backlog, roster revision, last seen."""
    from gated.config import load_hub
    from gated.hub.store import HubStore

    with closing(HubStore(load_hub(config).store.url)) as store:
        rows = gate_rows(store.gates(), time.time_ns() // 1_000_000)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        _print_table(rows)


def gate_rows(gates: Iterable[dict[str, Any]], now_ms: int) -> list[dict[str, Any]]:
    """Return what people want to know of each gate; times as seconds ago."""
    return [
        {
            "gate": row["gate"],
            "online": row["online"],
            "last_seq": row["upto"] or 0,
            "backlog": max(row["last"] - (row["upto"] or 0), 0) if row["online"] else None,
            "roster_rev": row["roster_rev"],
            "seen_s_ago": max(0, now_ms - row["seen_ms"]) // 1000 if row["seen_ms"] else None,
            "software": row["software"],
        }
        for row in gates
    ]


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("gate", "online", "stored up to", "waiting", "roster", "seen", "software")
    for row in rows:
        seen = "never" if row["seen_s_ago"] is None else f"{row['seen_s_ago']} s ago"
        waiting = "?" if row["backlog"] is None else str(row["backlog"])
        table.add_row(
            row["gate"],
            "yes" if row["online"] else "no",
            str(row["last_seq"]),
            waiting,
            str(row["roster_rev"]),
            seen,
            row["software"],
        )
    Console().print(table)


def _broker(settings: "HubConfig") -> Any:
    """Return the broker part of the configuration as the transport takes it."""
    from gated.transport.mqtt import BrokerSettings

    part = settings.broker
    return BrokerSettings(
        part.host, part.port, part.tls, part.ca, part.cert, part.key, part.username, part.password
    )
