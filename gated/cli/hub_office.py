"""What the hub's commands share: its tools opened and closed, and who is acting."""

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gated.cli.outcome import EXIT_USAGE, complain

if TYPE_CHECKING:
    from gated.hub.office import Office
    from gated.hub.roles import Actor

PROCESSES: Final = Path("/proc")
ANCESTORS_MAX: Final = 64  # a shell in a shell in a shell

HubConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Default: GATED_HUB_CONFIG, else /etc/gated/hub.toml."),
]
SiteOption = Annotated[
    str, typer.Option("--site", help="Which site; left out: the first one in hub.toml.")
]


@contextmanager
def opened_office(config: Path | None) -> Iterator["Office"]:
    """Yield the hub's tools, closed afterwards. Raises ConfigError or StoreError."""
    from gated.config import load_hub
    from gated.hub.office import open_office

    office = open_office(load_hub(config))
    try:
        yield office
    finally:
        office.database.close()


def command_actor(office: "Office", site: str = "") -> "Actor":
    """Return who types the command: the system's user, with an officer's rights at the site.

    Whoever may read the hub's keys could do all this anyway; the audit names them. The name is
    the system's own, not one of the environment, and behind sudo that of who called it.
    """
    from gated.hub.roles import AT_THE_HUB, Actor, Role

    chosen = known_site(site or office.config.hub.site, office.sites)
    return Actor(f"{AT_THE_HUB}{system_user()}", Role.OFFICER, chosen)


def known_site(site: str, sites: Mapping[str, object]) -> str:
    """Return the site; one this hub has not ends the command with 2, naming those it has."""
    if site not in sites:
        complain(f"this hub has no site {site!r}; --site takes one of {', '.join(sites)}")
        raise typer.Exit(EXIT_USAGE)
    return site


def system_user() -> str:
    """Return the system's name of who runs this program, or of who had sudo run it."""
    caller = os.environ.get("SUDO_USER", "")
    if caller and _started_by_sudo(os.getppid()):
        with suppress(KeyError):
            return pwd.getpwnam(caller).pw_name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a number nobody has
        return str(os.getuid())


def _started_by_sudo(pid: int) -> bool:
    """Return whether a process or one above it is sudo, run by root: nobody else can start that."""
    for _ in range(ANCESTORS_MAX):
        here = PROCESSES / str(pid)
        try:
            above = int((here / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            if (here / "comm").read_bytes() == b"sudo\n" and here.stat().st_uid == 0:
                return True
        except (OSError, ValueError, IndexError):
            return False
        if above <= 0:
            return False
        pid = above
    return False
