"""A password or PIN from a person: typed twice and unseen, or the first line of standard input."""

import sys
from typing import Final

import typer

from gated.cli.outcome import EXIT_USAGE, complain

LINE_MAX: Final = 4096


def typed_secret(label: str, option: str, *, stdin: bool) -> str:
    """Return the secret; without a terminal the command ends with 2 and names the option."""
    if stdin:
        return sys.stdin.readline(LINE_MAX).rstrip("\r\n")
    if not sys.stdin.isatty():
        complain(f"there is no terminal to ask for the {label.lower()}; use {option}")
        raise typer.Exit(EXIT_USAGE)
    typed: str = typer.prompt(label, hide_input=True, confirmation_prompt=True, err=True)
    return typed
