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
    "join": ("gated.cli.join", "join", "Take this gate's keys from the hub with a one-time code."),
    "setup": ("gated.cli.setup", "setup", "The first start: ask, try devices, write gated.toml."),
    "check": ("gated.cli.check", "check", "Test every part of this gate and name remedies."),
    "kiosk": ("gated.cli.kiosk", "kiosk", "Show the guard's page on this machine's display."),
    "demo": ("gated.cli.demo.command", "demo", "A gate, a broker and a hub with invented people."),
    "scan": ("gated.cli.scan", "scan", "Decode pictures as the camera's frames are decoded."),
    "roster": ("gated.cli.roster", "app", "The list of people: import, show, push."),
    "guard": ("gated.cli.guard", "app", "Who may log in at this gate's screen."),
    "pass": ("gated.cli.pass_", "app", "Passes as QR codes: mint, verify, show."),
    "texts": ("gated.cli.texts", "app", "The words of this gate's screen: export, check."),
    "keys": ("gated.cli.keys", "app", "Make the keys of a site."),
    "thermometer": ("gated.cli.thermometer", "app", "The thermometer: calibrate, watch, check."),
    "journal": ("gated.cli.journal", "app", "The record of passages: tail, verify, export."),
    "hub": ("gated.cli.hub", "app", "The program at the centre."),
}

_NOISE = "Value error, "  # of the library that reads choices

# Packages that only some installations have, and the extra that brings each.
_EXTRAS = {"sqlalchemy": "hub", "smbus2": "pi"}


class LazyGroup(TyperGroup):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command's name and help, without its module: enough for the list."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        return _command(cmd_name, lambda: None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that was asked for, importing its module now."""
        name, _, rest = super().resolve_command(ctx, args)
        assert name in _COMMANDS, "anything else was refused"
        return name, _loaded(name), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what is wrong with a choice is said in our words alone."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(_NOISE)
            raise


def _loaded(name: str) -> Any:
    """Return the command with everything behind it."""
    module_name, attribute, _ = _COMMANDS[name]
    return _command(name, getattr(importlib.import_module(module_name), attribute))


def _command(name: str, found: Any) -> Any:
    text = _COMMANDS[name][2]
    if isinstance(found, typer.Typer):
        command: Any = typer.main.get_command(found)
    else:
        single = typer.Typer(add_completion=False)
        single.command(help=text)(found)
        command = typer.main.get_command(single)
    command.name = name
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
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        install = f"{sys.prefix}/bin/pip install -c constraints.txt '.[{_EXTRAS[package]}]'"
        message = f"this needs the Python package {package}; in the checkout: {install}"
        print(f"error: {message}", file=sys.stderr)
        sys.exit(EXIT_NOT)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    except GatedError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_NOT)


if __name__ == "__main__":
    main()
