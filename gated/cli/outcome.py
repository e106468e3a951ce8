"""How commands end: results on stdout, messages on stderr, errors as one sentence and a code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from gated.cli.main import EXIT_CONFIG, EXIT_NOT
from gated.errors import ConfigError, GatedError

__all__ = [
    "EXIT_CONFIG",
    "EXIT_NOT",
    "EXIT_USAGE",
    "complain",
    "configured",
    "on_loopback",
    "reported",
    "say",
    "shown_age",
]

EXIT_USAGE = 2
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def say(message: str) -> None:
    """Print a message for people on stderr, behind the results that were printed before it."""
    sys.stdout.flush()
    typer.echo(message, err=True)


def complain(message: str) -> None:
    """Print what went wrong and what to do, on stderr."""
    say(f"error: {message}")


def shown_age(seconds: int | None) -> str:
    """Return a span as people say it, in its largest unit that is there twice."""
    if seconds is None:
        return "never"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@contextmanager
def reported(exit_code: int = EXIT_NOT) -> Iterator[None]:
    """Turn a failure that has a sentence into that sentence and an exit code."""
    try:
        yield
    except GatedError as error:
        complain(str(error))
        raise typer.Exit(exit_code) from error


@contextmanager
def configured() -> Iterator[None]:
    """The same for commands that need a configuration: without a good one they end with 78."""
    with reported():
        try:
            yield
        except ConfigError as error:
            complain(str(error))
            raise typer.Exit(EXIT_CONFIG) from error


def on_loopback(host: str, port: int) -> None:
    """Refuse, as a wrong use, to serve a page that asks nobody who they are to other machines."""
    if host not in _LOOPBACK:
        complain(
            "the page asks nobody who they are, so it is for this machine alone: --host 127.0.0.1"
            f" or ::1; from a laptop: ssh -L {port}:127.0.0.1:{port} the-gate"
        )
        raise typer.Exit(EXIT_USAGE)
