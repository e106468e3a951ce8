"""`gated roster push`: a whole table is compared, asked about, and pushed to every gate."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gated.cli.hub_office import (
    HubConfigOption,
    SiteOption,
    command_actor,
    known_site,
    opened_office,
)
from gated.cli.outcome import EXIT_NOT, EXIT_USAGE, complain, say
from gated.cli.roster_progress import Progress, read_with_progress, with_progress

if TYPE_CHECKING:
    from gated.hub.difference import Difference
    from gated.hub.publisher import Published
    from gated.hub.roles import Actor
    from gated.hub.upload import Compared, Uploads
    from gated.store.roster_table import Table

KEPT_SHOWN: Final = 10


def push(
    file: Annotated[
        Path | None, typer.Argument(help="Table of people, .csv or .xlsx.", show_default=False)
    ] = None,
    *,
    site: SiteOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    removes: Annotated[
        int | None,
        typer.Option("--removes", help="So many people may go, when a tenth or a building would."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference.")] = False,
    snapshot: Annotated[
        bool,
        typer.Option("--snapshot", help="Publish the register as it is as a new whole list."),
    ] = False,
    config: HubConfigOption = None,
) -> None:
    """At the hub: show what a table would change, then sign it for every gate."""
    if (file is None) is not snapshot:
        complain("name a table to push, or --snapshot without one")
        raise typer.Exit(EXIT_USAGE)
    from gated.hub.upload import UploadRefused, Uploads

    if file is None:
        _push_whole(site, config)
        return
    table = with_progress(lambda progress: _read(file, site, config, progress))
    with opened_office(config) as office:
        actor, uploads = command_actor(office, site), Uploads(office)
        compared = uploads.compared(actor, table.rows)
        print(difference_text(compared.difference))
        roster = office.site(actor.site).roster
        if dry_run:
            return
        if compared.difference.empty:
            print(f"nothing to change: revision {compared.rev} of {roster} has all of it")
            return
        typed = _asked(compared.difference, removes, yes=yes)
        try:
            published = _push(uploads, actor, compared, typed)
        except UploadRefused as error:
            complain(str(error) + ("; as --removes" if error.key == "guard" else ""))
            raise typer.Exit(EXIT_NOT) from error
    print(published_text(roster, published))


def _read(file: Path, site: str, config: Path | None, progress: Progress | None) -> "Table":
    """Return the table, read before any key is: a broken one needs no hub."""
    from zoneinfo import ZoneInfo

    from gated.config import load_hub

    sections = {section.id: section for section in load_hub(config).sites}
    name = known_site(site or next(iter(sections)), sections)
    return read_with_progress(file, ZoneInfo(sections[name].timezone), progress)


def _push(
    uploads: "Uploads", actor: "Actor", compared: "Compared", removes: int | None
) -> "Published":
    def work(progress: Progress | None) -> "Published":
        told = None if progress is None else lambda share: progress("building", share)
        published = uploads.push(actor, compared, removes, told).published
        assert published is not None, "the difference is not empty"
        return published

    return with_progress(work)


def _push_whole(site: str, config: Path | None) -> None:
    with opened_office(config) as office:
        from gated.hub.upload import Uploads

        actor = command_actor(office, site)
        published = Uploads(office).fold(actor)
        print(published_text(office.site(actor.site).roster, published))


def _asked(difference: "Difference", removes: int | None, *, yes: bool) -> int | None:
    """Return the number of removals somebody agreed to. Ends the command when nobody does."""
    if not sys.stdin.isatty():
        if yes:
            return removes
        complain("nothing was pushed: nobody can be asked here; look at the difference, add --yes")
        raise typer.Exit(EXIT_NOT)
    if difference.guarded and removes is None:
        answer = typer.prompt("So many would go. Type the number of removals", err=True)
        return int(answer) if answer.strip().isdecimal() else -1
    if not yes and not typer.confirm("Push this?", err=True):
        say("nothing was pushed")
        raise typer.Exit(EXIT_NOT)
    return removes


def difference_text(difference: "Difference") -> str:
    """Return the difference in numbers, nobody in it."""
    counts = difference.counts()
    shown = (f"{word} {counts[word]}" for word in ("adds", "changes", "removes", "unchanged"))
    lines = [", ".join(shown)]
    kinds = [f"{kind} {len(people)}" for kind, people in difference.by_kind().items()]
    if kinds:
        lines.append(f"  changed: {', '.join(kinds)}")
    if difference.emptied:
        lines.append(f"  everybody of building {', '.join(difference.emptied)} would go")
    if difference.kept:
        short = [entry.short for entry in difference.kept]
        more = " …" if len(short) > KEPT_SHOWN else ""
        lines.append(
            f"  {len(short)} not in the table stay, their health is followed:"
            f" {', '.join(short[:KEPT_SHOWN])}{more}"
        )
    if difference.not_taken:
        lines.append(f"  {difference.not_taken} statuses are not yours to set and were left out")
    return "\n".join(lines)


def published_text(roster: str, published: "Published") -> str:
    """Return what is offered now."""
    head = f"revision {published.rev} of {roster} is offered:"
    if published.changes and not published.credentials:
        return f"{head} {published.changes} people changed since the last whole list"
    return (
        f"{head} {published.persons} persons, {published.credentials} cards,"
        f" {published.size} bytes in {published.chunks} chunks"
    )
