"""`gated texts`: the words of this gate's screen, to be read, changed and checked.

export    prints the shipped file, comments included
check     looks through a file that [screen] texts is going to name
"""

from pathlib import Path
from typing import Annotated

import typer

from gated import texts
from gated.cli.outcome import EXIT_NOT, complain, reported

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The words of this gate's screen."
)


@app.command()
def export() -> None:
    """Print every text there is, to be edited: a file may keep only what it changes."""
    print(texts.shipped_file(), end="")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The file with your own texts.")],
    *,
    rest: Annotated[bool, typer.Option("--rest", help="List what stays as shipped.")] = False,
) -> None:
    """Print `ok`, or every problem with its key and exit 1."""
    with reported():
        found = texts.examine(file)
    for problem in found.problems:
        complain(problem)
    if found.problems:
        raise typer.Exit(EXIT_NOT)
    print(f"ok: {len(found.entries)} texts of its own, {len(found.left_out)} stay as shipped")
    for key in found.left_out if rest else ():
        print(f"as shipped: {texts.named(key)}")
