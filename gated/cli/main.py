"""`gated`: one entry for all commands. Each module of this package is one command or family."""

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from gated import __version__
from gated.errors import ConfigError, GatedError

EXIT_NOT, EXIT_CONFIG = 1, 78

# name: (module, attribute, help). Modules are imported when their command is used, so that
# `gated run` never loads what only the hub or the demo needs.
_COMMANDS = {
    "run": ("gated.cli.run", "run", "Run the gate until it is told to stop."),
    "check": ("gated.cli.check", "check", "Test every part of this gate and name remedies."),
    "demo": ("gated.cli.demo.command", "demo", "A gate, a broker and a hub with invented people."),
    "scan": ("gated.cli.scan", "scan", "Decode pictures as the camera's frames are decoded."),
    "roster": ("gated.cli.roster", "app", "The list of people: import, show, push."),
    "pass": ("gated.cli.pass_", "app", "Passes as QR codes: mint, verify, show."),
    "keys": ("gated.cli.keys", "app", "Make the keys of a site."),
    "journal": ("gated.cli.journal", "app", "The record of passages: tail, verify, export."),
    "hub": ("gated.cli.hub", "app", "The program at the centre."),
}


class LazyGroup(TyperGroup):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, importing its module now."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module_name, attribute, text = _COMMANDS[cmd_name]
        found = getattr(importlib.import_module(module_name), attribute)
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_command(found)
        else:
            single = typer.Typer(add_completion=False)
            single.command(help=text)(found)
            command = typer.main.get_command(single)
        command.name = cmd_name
        command.help = command.help or text
        return command


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A gate terminal for community checkpoints, and its hub.",
)


@app.callback(invoke_without_command=True)
def _root(
    *, version: bool = typer.Option(False, "--version", help="Print the version and stop.")
) -> None:
    if version:
        print(f"gated {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; failures a person can mend are one sentence on stderr."""
    try:
        app()
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    except GatedError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_NOT)


if __name__ == "__main__":
    main()
