"""`gated hub account`: who may work with the hub's pages, and as what at which site."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import EXIT_NOT, EXIT_USAGE, complain, configured, say
from gated.cli.secret import typed_secret
from gated.hub.roles import Role

NameArgument = Annotated[str, typer.Argument(help="Name of the account: a-z 0-9 . _ -")]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]

app = typer.Typer(
    name="account", help="Accounts of the pages: add, password, role.", no_args_is_help=True
)


@app.command()
def add(
    name: NameArgument,
    role: Annotated[Role, typer.Option("--role", help="What the account is at the site.")],
    site: SiteOption = "",
    *,
    shown: Annotated[str, typer.Option("--shown", help="What the pages call the person.")] = "",
    password_stdin: StdinOption = False,
    config: HubConfigOption = None,
) -> None:
    """Make an account with a role at a site; the password is asked for twice."""
    from gated.hub.accounts import Accounts

    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        Accounts(office).add(actor, name, shown, _password(stdin=password_stdin), role)
    say(f"account {name} exists: {role} at {actor.site}")


@app.command("list")
def list_(
    config: HubConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every account with its roles."""
    from gated.hub.accounts import Accounts

    with configured(), opened_office(config) as office:
        accounts = Accounts(office).all()
    if as_json:
        rows = [
            {
                "name": account.name,
                "shown": account.shown,
                "disabled": account.disabled,
                "roles": dict(account.roles),
            }
            for account in accounts
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for account in accounts:
        roles = ", ".join(f"{role} at {site}" for site, role in account.roles.items())
        state = " (disabled)" if account.disabled else ""
        print(f"{account.name}{state}  {account.shown}  {roles or 'no role'}")
    if not accounts:
        say("no account yet; `gated hub account add NAME --role officer` makes one")


@app.command()
def password(
    name: NameArgument, *, password_stdin: StdinOption = False, config: HubConfigOption = None
) -> None:
    """Give an account another password; it is unlocked, and its log-ins end."""
    from gated.hub.accounts import Accounts

    with configured(), opened_office(config) as office:
        accounts = Accounts(office)
        if accounts.account(name) is None:
            complain(f"there is no account {name!r}; `gated hub account list` shows all")
            raise typer.Exit(EXIT_NOT)
        accounts.set_password(command_actor(office), name, _password(stdin=password_stdin))
    say(f"the password of {name} is changed and its log-ins have ended")


@app.command()
def role(
    name: NameArgument,
    role: Annotated[
        Role | None, typer.Option("--role", help="What the account is at the site from now on.")
    ] = None,
    site: SiteOption = "",
    *,
    none: Annotated[bool, typer.Option("--none", help="Take its role at the site away.")] = False,
    config: HubConfigOption = None,
) -> None:
    """Change what an account is at a site."""
    from gated.hub.accounts import Accounts

    if (role is None) is not none:
        complain("say what the account is to be: --role officer|property|auditor, or --none")
        raise typer.Exit(EXIT_USAGE)
    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        Accounts(office).set_role(actor, name, role)
    say(f"account {name}: {role or 'no role'} at {actor.site}")


@app.command()
def disable(name: NameArgument, config: HubConfigOption = None) -> None:
    """End an account's log-ins and refuse new ones; what it did stays in the audit."""
    _set_disabled(config, name, disabled=True)
    say(f"account {name} is disabled")


@app.command()
def enable(name: NameArgument, config: HubConfigOption = None) -> None:
    """Let an account log in again, also one that wrong passwords have locked."""
    _set_disabled(config, name, disabled=False)
    say(f"account {name} may log in")


def _set_disabled(config: Path | None, name: str, *, disabled: bool) -> None:
    from gated.hub.accounts import Accounts

    with configured(), opened_office(config) as office:
        Accounts(office).set_disabled(command_actor(office), name, disabled=disabled)


def _password(*, stdin: bool) -> str:
    return typed_secret("Password", "--password-stdin", stdin=stdin)
