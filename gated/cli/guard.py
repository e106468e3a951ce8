"""`gated guard`: who may log in at this gate's screen, and with which PIN or staff card.

The running gate reads the book at every log-in, so nothing has to be restarted.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gated.cli.outcome import EXIT_NOT, EXIT_USAGE, complain, configured, say
from gated.cli.secret import typed_secret
from gated.core.duty import DutyRole
from gated.core.id_number import problem
from gated.core.masking import mask_name
from gated.core.pseudonym import person_ref
from gated.store.guard_book import Guard, GuardBook
from gated.store.keys import SiteKeys

app = typer.Typer(
    name="guard",
    help="Who may log in at this gate's screen.",
    no_args_is_help=True,
    add_completion=False,
)

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]
NumberArgument = Annotated[str, typer.Argument(help="Staff number: capital letters and digits.")]
StdinOption = Annotated[bool, typer.Option("--pin-stdin", help="Read the PIN from standard input.")]


@app.command()
def add(
    number: NumberArgument,
    *,
    role: Annotated[DutyRole, typer.Option("--role", help="What they are.")] = DutyRole.GUARD,
    name: Annotated[
        str, typer.Option("--name", help="Their name; only a masked form is kept.")
    ] = "",
    pin_stdin: StdinOption = False,
    config: ConfigOption = None,
) -> None:
    """Put a guard into the book; the PIN of 4 to 8 digits is asked for twice."""
    with configured():
        book, _ = _opened(config)
        if number in book.guards():
            complain(f"there is a guard {number} already; `gated guard pin` gives another PIN")
            raise typer.Exit(EXIT_NOT)
        pin = typed_secret("PIN", "--pin-stdin", stdin=pin_stdin)
        book.put(Guard(number, role, mask_name(name)), pin)
    say(f"guard {number} may log in as {role.value}")


@app.command()
def pin(
    number: NumberArgument, *, pin_stdin: StdinOption = False, config: ConfigOption = None
) -> None:
    """Give a guard another PIN."""
    with configured():
        book, _ = _opened(config)
        guard = _known(book, number)
        book.put(guard, typed_secret("PIN", "--pin-stdin", stdin=pin_stdin))
    say(f"the PIN of {number} is changed")


@app.command()
def card(
    number: NumberArgument,
    *,
    none: Annotated[bool, typer.Option("--none", help="They have no staff card any more.")] = False,
    number_stdin: Annotated[
        bool, typer.Option("--number-stdin", help="Read the ID number from standard input.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Let a guard log in with their ID card; its number is asked for and only a pseudonym kept."""
    with configured():
        book, keys = _opened(config)
        guard = _known(book, number)
        ref = ""
        if not none:
            typed = typed_secret("ID number", "--number-stdin", stdin=number_stdin).strip().upper()
            if wrong := problem(typed):
                complain(f"the ID number {wrong}")
                raise typer.Exit(EXIT_USAGE)
            ref = person_ref(keys.site, typed).hex()
        book.put(replace(guard, card=ref))
    say(f"{number} has no staff card" if none else f"{number} may log in with their card")


@app.command("list")
def list_(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Everybody in the book: number, role, masked name, whether a card is known."""
    with configured():
        book, _ = _opened(config)
        guards = book.guards().values()
    if as_json:
        rows = [
            {"number": one.number, "role": one.role.value, "name": one.name, "card": bool(one.card)}
            for one in guards
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for one in guards:
        print(f"{one.number}  {one.role.value}  {one.name}{'  card' if one.card else ''}".rstrip())
    if not guards:
        say("no guard yet: the screen believes any staff number; `gated guard add` changes that")


@app.command()
def remove(number: NumberArgument, config: ConfigOption = None) -> None:
    """Take a guard out of the book; if they are on duty, their duty ends."""
    with configured():
        book, _ = _opened(config)
        book.remove(number)
    say(f"guard {number} can no longer log in")


def _opened(config: Path | None) -> tuple[GuardBook, SiteKeys]:
    from gated.config import load
    from gated.store.keys import read_site_keys

    settings = load(config)
    keys = read_site_keys(settings.keys.site, settings.keys.rest)
    return GuardBook(settings.store.dir, keys.rest), keys


def _known(book: GuardBook, number: str) -> Guard:
    guard = book.guards().get(number)
    if guard is None:
        complain(f"there is no guard {number}; see `gated guard list`")
        raise typer.Exit(EXIT_NOT)
    return guard
