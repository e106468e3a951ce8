"""`gated roster`: the list at this gate, imported from a table and looked at, masked.

`push`, `set` and `export` are the hub's.

A running daemon notices an import by itself and switches between two look-ups.
"""

import json
import os
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gated.cli.outcome import EXIT_NOT, complain, configured, say
from gated.cli.roster_export import export
from gated.cli.roster_progress import Progress, read_with_progress, with_progress
from gated.cli.roster_push import push
from gated.cli.roster_set import set_
from gated.store.roster import LOCAL, Roster, RosterStore
from gated.store.roster_build import build
from gated.store.sealing import RosterKeys

app = typer.Typer(
    name="roster",
    help="The list of people: at this gate, and at the hub.",
    no_args_is_help=True,
    add_completion=False,
)

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]


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
    table = read_with_progress(path, zone, progress)
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
            summary = with_progress(
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
app.command("set")(set_)
app.command("export")(export)
