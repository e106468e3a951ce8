"""`gated hub`: the program at the centre, and what it knows of its gates."""

import gc
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gated.cli import hub_account, hub_ca
from gated.cli.hub_audit import audit
from gated.cli.hub_enrol import enrol
from gated.cli.hub_export import export
from gated.cli.hub_gates import gates
from gated.cli.hub_inbox import ack, inbox, reindex
from gated.cli.hub_message import message
from gated.cli.hub_person import person
from gated.cli.hub_report import report
from gated.cli.hub_retire import retire
from gated.cli.hub_rollout import rollout
from gated.cli.hub_tips import tips
from gated.cli.hub_trace import trace

if TYPE_CHECKING:
    from gated.config import HubConfig
    from gated.hub.projector import Projector
    from gated.hub.service import Hub
    from gated.hub.web.server import PagesServer
    from gated.process.watchdog import Watchdog

    HubWorker = Hub | Projector | PagesServer

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
    from gated.process.watchdog import Watchdog

    log.configure(verbose=verbose)
    settings = load_hub(config)
    HubStore(settings.store.url).close()  # one that cannot be opened is refused before READY
    hub = Hub(
        HubSettings(
            broker=_broker(settings),
            store_url=settings.store.url,
            reconnect_base_ms=round(settings.broker.reconnect_s * 1000),
            rosters=_rosters(settings),
        )
    )
    workers = (hub, *_beside(settings, hub))  # a port that is taken is refused before READY, too
    gc.freeze()  # what is loaded by now stays; to look through it again costs pages their time
    block_stop_signals()
    supervisor = Supervisor()
    for worker in workers:
        supervisor.start(worker)
    watchdog = Watchdog(workers, lambda: time.monotonic_ns() // 1_000_000)
    notify("READY=1")
    supervisor.wait(lambda: _fed(watchdog))
    notify("STOPPING=1")
    stuck = supervisor.stop()
    sys.exit(EXIT_CRASHED if supervisor.failed or stuck else EXIT_STOPPED)


def _rosters(settings: "HubConfig") -> dict[str, str]:
    """Return the id of the list of every site."""
    return {site.id: site.roster for site in settings.sites}


def _fed(watchdog: "Watchdog") -> None:
    watchdog.feed()


def _beside(settings: "HubConfig", hub: "Hub") -> "list[HubWorker]":
    """Return what works beside the gates' hub: the projector, and with [web] the pages.

    Without [web] a hub may lack the keys of people: it collects, and nothing is searchable yet.
    """
    from gated.errors import ConfigError
    from gated.hub.office import open_office
    from gated.hub.projector import Projector
    from gated.log import logger

    try:
        office = open_office(settings)
    except ConfigError as error:
        if settings.web is not None:
            raise
        hub_log = logger("hub")
        hub_log.error("hub.index_off", cause=str(error), remedy="gated keys complete DIR")
        return []
    workers: list[HubWorker] = [Projector(office, busy=hub.busy)]
    if settings.web is not None:
        from gated.hub.web.server import PagesServer

        workers.append(PagesServer(office, settings.web))
    return workers


def _broker(settings: "HubConfig") -> Any:
    """Return the broker part of the configuration as the transport takes it."""
    from gated.transport.mqtt import BrokerSettings

    part = settings.broker
    return BrokerSettings(
        part.host, part.port, part.tls, part.ca, part.cert, part.key, part.username, part.password
    )


app.command("gates")(gates)
app.command("enrol")(enrol)
app.add_typer(hub_ca.app)
app.add_typer(hub_account.app)
app.command("audit")(audit)
app.command("message")(message)
app.command("tips")(tips)
app.command("export")(export)
app.command("trace")(trace)
app.command("person")(person)
app.command("report")(report)
app.command("inbox")(inbox)
app.command("ack")(ack)
app.command("reindex")(reindex)
app.command("rollout")(rollout)
app.command("retire")(retire)
