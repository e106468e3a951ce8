"""`gated hub ca`: the site's own certificates for broker, pages, hub and gates."""

import ipaddress
import shlex
from pathlib import Path
from typing import Annotated

import typer

from gated.cli.outcome import EXIT_NOT, complain, reported, say

app = typer.Typer(
    name="ca",
    help="The site's own certificates.",
    no_args_is_help=True,
    add_completion=False,
)

BrokerHosts = Annotated[
    list[str], typer.Option("--broker-host", help="Name or address of the broker; repeatable.")
]
WebHosts = Annotated[
    list[str] | None,
    typer.Option("--web-host", help="Name or address of the pages; repeatable. As the broker's."),
]


@app.callback()
def about() -> None:
    """The site's own certificates; docs/keys.md says what losing each one means."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="New or empty folder, only yours.")],
    broker_host: BrokerHosts,
    web_host: WebHosts = None,
) -> None:
    """Make an authority and the certificates of broker, pages and hub; overwrites nothing."""
    from datetime import UTC, datetime

    from gated.hub import authority

    pages = web_host or broker_host
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        complain(f"cannot make folder {folder}: {error.strerror}; choose another place")
        raise typer.Exit(EXIT_NOT) from error
    with reported():
        authority.make(folder, broker_host, pages, datetime.now(UTC))
    _explain(folder, broker_host[0], pages[0])
    say("Back authority.key up offline now: whoever has it can make gates and hubs.")


@app.command()
def server(
    folder: Annotated[Path, typer.Argument(help="Folder of `gated hub ca init`.")],
    name: Annotated[str, typer.Argument(help="Name of the two new files, without ending.")],
    host: Annotated[
        list[str], typer.Option("--host", help="Name or address of the server; repeatable.")
    ],
) -> None:
    """Make one more certificate for a server: a new name, or one that ends soon."""
    from datetime import UTC, datetime

    from gated.hub import authority

    if not name.replace("-", "").isalnum():
        complain(f"cannot make {name!r}: use letters, digits and - for the files' name")
        raise typer.Exit(EXIT_NOT)
    with reported():
        for file in authority.make_server(folder, name, host, datetime.now(UTC)):
            print(folder / file)


def _explain(folder: Path, broker_host: str, web_host: str) -> None:
    """Print what goes where, the lines that name it, and how to see that it works."""
    made = shlex.quote(str(folder))
    print(f"""\
What goes where, from {folder}:

  authority.pem         everywhere: it checks all the others. Call the copies ca.pem
  authority.key         the hub: signs the certificates of new gates
  broker.pem .key       the broker; mosquitto reads them under its own user
  web.pem .key          the hub: its pages
  hub.pem .key          the hub: towards the broker

At the hub:

    sudo install -o gated -g gated -m 600 {made}/{{authority,web,hub}}.key /etc/gated/keys/
    sudo install -o gated -g gated -m 644 {made}/{{authority,web,hub}}.pem /etc/gated/keys/
    sudo install -o gated -g gated -m 644 {made}/authority.pem /etc/gated/keys/ca.pem

At the broker:

    sudo install -o mosquitto -m 600 {made}/broker.key /etc/mosquitto/certs/
    sudo install -o mosquitto -m 644 {made}/broker.pem /etc/mosquitto/certs/
    sudo install -o mosquitto -m 644 {made}/authority.pem /etc/mosquitto/certs/ca.pem

/etc/mosquitto/conf.d/gated.conf (its access list: docs/operations.md):

    listener 8883
    cafile /etc/mosquitto/certs/ca.pem
    certfile /etc/mosquitto/certs/broker.pem
    keyfile /etc/mosquitto/certs/broker.key
    require_certificate true
    use_identity_as_username true
    allow_anonymous false
    acl_file /etc/mosquitto/gated.acl
    set_tcp_nodelay true
    max_packet_size 1048576
""")
    _explain_hub(broker_host, web_host)


def _explain_hub(broker_host: str, web_host: str) -> None:
    listening = web_host if _is_address(web_host) else "0.0.0.0"  # noqa: S104 - the line of a file
    names = "" if _is_address(web_host) else f'\n    names = ["{web_host}"]'
    print(f"""\
/etc/gated/hub.toml, in place of its sections of these names:

    [broker]
    host = "{broker_host}"
    ca = "/etc/gated/keys/ca.pem"
    cert = "/etc/gated/keys/hub.pem"
    key = "/etc/gated/keys/hub.key"

    [web]
    host = "{listening}"{names}
    cert = "/etc/gated/keys/web.pem"
    key = "/etc/gated/keys/web.key"

    [authority]
    cert = "/etc/gated/keys/authority.pem"
    key = "/etc/gated/keys/authority.key"
    broker_host = "{broker_host}"

When all of it is in place:

    sudo systemctl restart mosquitto

and start the hub, or start it again (README, A hub). Up to a minute later
`sudo journalctl -u gated-hub` must show hub.online.
""")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
