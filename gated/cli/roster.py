"""`gated roster`: the list at this gate — imported from a table, looked at, masked.

A running daemon notices an import by itself and switches between two look-ups.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gated.cli.outcome import EXIT_NOT, complain, configured, say
from gated.cli.roster_push import push
from gated.store.roster import LOCAL, Roster, RosterStore
from gated.store.roster_build import build
from gated.store.roster_table import BadTable, Table, read_table
from gated.store.sealing import RosterKeys
from gated.store.table_file import count_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as ProgressBar

app = typer.Typer(
    name="roster",
    help="The list of people at this gate.",
    no_args_is_help=True,
    add_completion=False,
)

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]


# What is being done, and the share of it that is done, None when nobody can tell.
Progress = Callable[[str, float | None], None]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did, or would do. lines: rows read; the last three count people."""

    rev: int
    lines: int
    persons: int
    cards: int
    added: int
    changed: int
    removed: int


def import_table(
    path: Path,
    store: RosterStore,
    keys: RosterKeys,
    *,
    site: str,
    zone: tzinfo,
    made_utc_ms: int,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportSummary:
    """The table is the list that serves now, or, on a dry run, nothing has changed.

    progress: called now and then. Raises BadTable with every bad line, TableError or StoreError;
    then the old list serves on.
    """
    table = _read(path, zone, progress)
    rev = store.next_rev()
    temporary = store.folder / f"roster-import-{os.getpid()}.tmp"
    try:
        told = None if progress is None else partial(progress, "building")
        info = build(table.rows, keys, temporary, rev, made_utc_ms, site, told)
        with closing(Roster(temporary, keys)) as fresh:
            new = fresh.fingerprints()
        current = store.current()
        old = {} if current is None else current.fingerprints()
        if not dry_run:
            store.install(temporary, info, LOCAL, rev, info.sha256)
    finally:
        temporary.unlink(missing_ok=True)
    return ImportSummary(
        rev,
        table.lines,
        info.persons,
        info.credentials,
        added=len(new.keys() - old.keys()),
        changed=sum(old[ref] != new[ref] for ref in new.keys() & old.keys()),
        removed=len(old.keys() - new.keys()),
    )


def _read(path: Path, zone: tzinfo, progress: Progress | None) -> Table:
    if progress is None:
        return read_table(path, zone)
    progress("reading", 0.0)
    lines = count_lines(path)

    def told(line: int) -> None:
        progress("reading", min(1.0, line / lines) if lines else None)

    return read_table(path, zone, told)


def describe(roster: Roster) -> dict[str, Any]:
    """Return revision, age and counts of a list, without anybody in it."""
    categories, statuses = roster.counts()
    made = datetime.fromtimestamp(roster.made_utc_ms / 1000, UTC)
    return {
        "rev": roster.rev,
        "made": f"{made:%Y-%m-%dT%H:%M:%SZ}",
        "site": roster.site,
        "persons": roster.persons,
        "cards": roster.credentials,
        "categories": categories,
        "statuses": statuses,
    }


def people_in(roster: Roster, room: str) -> list[dict[str, Any]]:
    """Return who belongs to a room written as 3-2-101, 3-101 or 101, masked."""
    *place, door = room.split("-", 2)
    building, unit = (*place, "", "")[:2]
    return [
        {
            "name": holder.display.name,
            "room": holder.display.room,
            "category": holder.person.category.value,
            "statuses": [status.code.value for status in holder.person.statuses],
        }
        for holder in roster.by_room(building, unit, door)
        if holder.person is not None
    ]


def _open(config: Path | None) -> tuple[RosterStore, RosterKeys, str, ZoneInfo]:
    from gated.config import load
    from gated.store.keys import read_site_keys

    settings = load(config)
    keys = read_site_keys(settings.keys.site, settings.keys.rest)
    store = RosterStore(settings.store.dir, keys)
    return store, keys, settings.gate.site, ZoneInfo(settings.gate.timezone)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Table of people, .csv or .xlsx.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and compare only.")] = False,
    config: ConfigOption = None,
) -> None:
    """Take a whole table as the new list; one bad line and nothing is taken."""
    with configured():
        store, keys, site, zone = _open(config)
        with closing(store):
            summary = _with_progress(
                lambda progress: import_table(
                    file,
                    store,
                    keys,
                    site=site,
                    zone=zone,
                    made_utc_ms=time.time_ns() // 1_000_000,
                    dry_run=dry_run,
                    progress=progress,
                )
            )
            if store.problem:
                say(store.problem)
    print(summary_text(summary, dry_run=dry_run))


def _with_progress(work: Callable[[Progress | None], ImportSummary]) -> ImportSummary:
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


def summary_text(summary: ImportSummary, *, dry_run: bool) -> str:
    """Return the outcome of an import in one line."""
    counts = asdict(summary)
    rev = counts.pop("rev")
    head = f"would become revision {rev}" if dry_run else f"revision {rev} serves"
    return f"{head}: " + ", ".join(f"{number} {name}" for name, number in counts.items())


@app.command()
def show(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    room: Annotated[str, typer.Option(help="Who belongs to a room such as 3-2-101.")] = "",
    config: ConfigOption = None,
) -> None:
    """Revision, age and counts of the list, or who belongs to a room; names are masked."""
    with configured():
        store, _keys, _site, _zone = _open(config)
        with closing(store):
            roster = store.current()
            if store.problem:
                say(store.problem)
            if roster is None:
                complain("no list at this gate; import one with `gated roster import FILE`")
                raise typer.Exit(EXIT_NOT)
            found: Any = people_in(roster, room) if room else describe(roster)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif room:
        _print_people(found)
    else:
        _print_counts(found)
    if room and not found:
        complain(f"nobody is registered for room {room}")
        raise typer.Exit(EXIT_NOT)


def _print_people(people: list[dict[str, Any]]) -> None:
    for person in people:
        words = [person["name"] or "-", person["room"], person["category"], *person["statuses"]]
        print("  ".join(words))


def _print_counts(found: dict[str, Any]) -> None:
    print(f"revision {found['rev']} of {found['site']}, made {found['made']}")
    print(f"{found['persons']} persons, {found['cards']} cards")
    for name in ("categories", "statuses"):
        for word, number in sorted(found[name].items()):
            print(f"  {word}: {number}")


app.command("push")(push)
