"""What commands that take tables share: a bar while it takes, and bad lines as a table."""

from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from gated.cli.outcome import EXIT_NOT, complain
from gated.store.roster_table import BadTable, Table, read_table
from gated.store.table_file import count_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as ProgressBar

Result = TypeVar("Result")

# What is being done, and the share of it that is done, None when nobody can tell.
Progress = Callable[[str, float | None], None]


def read_with_progress(path: Path, zone: tzinfo, progress: Progress | None) -> Table:
    """Return the table; `progress` hears how far it is. Raises BadTable or TableError."""
    if progress is None:
        return read_table(path, zone)
    progress("reading", 0.0)
    lines = count_lines(path)

    def told(line: int) -> None:
        progress("reading", min(1.0, line / lines) if lines else None)

    return read_table(path, zone, told)


def with_progress(work: Callable[[Progress | None], Result]) -> Result:
    """Return the outcome of the work, a bar on stderr meanwhile; bad lines become a table."""
    from rich.console import Console

    console = Console(stderr=True)
    try:
        if not console.is_terminal:
            return work(None)
        with _bar(console) as bar:
            task = bar.add_task("reading", total=1.0)

            def show(phase: str, share: float | None) -> None:
                total = None if share is None else 1.0
                bar.update(task, description=phase, total=total, completed=share or 0.0)

            return work(show)
    except BadTable as error:
        console.print(_bad_lines(error))
        counted = "1 problem" if error.count == 1 else f"{error.count} problems"
        complain(f"{counted}, nothing was imported; correct the table and import again")
        raise typer.Exit(EXIT_NOT) from error


def _bar(console: "Console") -> "ProgressBar":
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as ProgressBar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return ProgressBar(*columns, TimeElapsedColumn(), console=console, transient=True)


def _bad_lines(error: BadTable) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("line", "column", "problem", title="Bad lines")
    for bad in error.lines:
        table.add_row(str(bad.line), Text(bad.column), Text(bad.reason))
    if error.count > len(error.lines):
        table.add_row("…", "", f"and {error.count - len(error.lines)} more")
    return table
