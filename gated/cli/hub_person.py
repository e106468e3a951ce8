"""`gated hub person`: the file of one person, and what an officer writes into it."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.hub_whom import PERSON_HELP, one_person
from gated.cli.outcome import EXIT_USAGE, complain, configured, say
from gated.hub.local_time import minute

if TYPE_CHECKING:
    from gated.hub.office import Site
    from gated.hub.person_course import Step
    from gated.hub.person_file import File, PersonFile
    from gated.hub.roles import Actor

SHORT = 8  # hex digits of a pseudonym that people type
WITHHELD = (
    "under 14: passages, temperatures and notes are shown only while a status of quarantine,"
    " contact, illness, observation or arrival is in force"
)
STEPS = {
    "status_set": "status set:",
    "status_began": "status began:",
    "status_over": "status ran out:",
    "status_ended": "status ended:",
    "reading": "reading",
    "note": "note",
    "passage": "passage:",
    "inbox": "inbox:",
    "acknowledged": "dealt with:",
    "missed": "reading missed",
}
DEGREES = re.compile(r"(\d{2})(?:\.(\d))?")


@configured()
def person(
    person: Annotated[str, typer.Argument(help=PERSON_HELP)],
    *,
    reason: Annotated[str, typer.Option("--reason", help="What the look is for; audited.")] = "",
    full: Annotated[bool, typer.Option("--full", help="Show the full identity.")] = False,
    note: Annotated[str, typer.Option("--note", help="Write a note into the file.")] = "",
    reading: Annotated[
        str, typer.Option("--reading", help="Write a temperature into the file, 36.8.")
    ] = "",
    at: Annotated[str, typer.Option("--at", help="When it was taken; default: now.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    site: SiteOption = "",
    config: HubConfigOption = None,
) -> None:
    """One person, one file: statuses, passages, temperatures, notes, readings due."""
    from gated.hub.person_file import PersonFile

    writes = bool(note or reading)
    if not writes and not reason.strip():
        complain("a look into a file needs a reason; add --reason")
        raise typer.Exit(EXIT_USAGE)
    if at and not reading:
        complain("--at says when a reading was taken; add --reading")
        raise typer.Exit(EXIT_USAGE)
    with opened_office(config) as office:
        actor = command_actor(office, site)
        place = office.site(actor.site)
        ref = one_person(office, actor, person, reason)
        files = PersonFile(office)
        if writes:
            taken = _instant(at, place) if at else office.utc_ms()
            _write(files, actor, ref, reading, note, taken)
            return
        file = files.of(actor, ref, reason, whole=True, full=full)
    if as_json:
        print(json.dumps(as_values(file), ensure_ascii=False))
    else:
        _print(file, place)


def _write(
    files: "PersonFile", actor: "Actor", ref: bytes, reading: str, note: str, t_ms: int
) -> None:
    if not reading:
        number = files.add_note(actor, ref, note)
        say(f"note {number} stands in the file of {ref.hex()[:SHORT]}")
        return
    degrees = DEGREES.fullmatch(reading)
    if degrees is None:
        complain(f"--reading {reading}: not a temperature; write it as 36.8")
        raise typer.Exit(EXIT_USAGE)
    value_mc = int(degrees[1]) * 1000 + int(degrees[2] or 0) * 100
    number = files.add_reading(actor, ref, t_ms, value_mc, note)
    say(f"reading {number} stands in the file of {ref.hex()[:SHORT]}")


def _instant(text: str, place: "Site") -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        complain(f"--at {text}: not a time; write it as 2020-02-10T09:00")
        raise typer.Exit(EXIT_USAGE) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=place.zone)
    return round(moment.timestamp() * 1000)


def as_values(file: "File") -> dict[str, Any]:
    """Return a file as plain values: pseudonyms as hex, instants as UTC ms."""
    values: dict[str, Any] = _plain(asdict(file))
    return values | {"overdue": len(file.overdue)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _print(file: "File", place: "Site") -> None:
    from rich.console import Console

    from gated.hub.record_words import category, temperature
    from gated.hub.status_words import status

    def when(ms: int | None) -> str:
        if ms is None:
            return "open"
        return minute(ms, place.zone)

    who = file.identity or file
    document = file.document if file.identity is None else file.identity.document
    console = Console()
    shown = [file.ref.hex()[:SHORT], who.name, who.room, who.phone, document]
    console.print(" ".join(part for part in shown if part), markup=False)
    standing = ", ".join(status(code, "en") for code in file.standing) or "none"
    console.print(f"{category(file.category, 'en')} · statuses: {standing}", markup=False)
    if file.overdue:
        oldest = when(file.overdue[0].at_ms)
        console.print(f"readings overdue: {len(file.overdue)}, since {oldest}", markup=False)
    for one in file.household:
        words = ", ".join(status(code, "en") for code in one.standing)
        console.print(f"household: {one.ref.hex()[:SHORT]} {one.name} {words}", markup=False)
    _lines(
        console,
        "statuses",
        (
            f"{status(one.code, 'en')} {when(one.start)} – {when(one.end)}"
            f" set by {one.set_by}{f', ended by {_by(one.ended_by)}' if one.ended_by else ''}"
            for one in file.statuses
        ),
    )
    if file.withheld:
        console.print(WITHHELD, markup=False)
    _lines(
        console,
        "course, newest first",
        (
            " ".join(
                part
                for part in (
                    f"{when(step.t_ms)}{'' if step.certain else ' ?'} {STEPS[step.kind.value]}",
                    _what(step),
                    _by(step.by),
                    temperature(step.value_mc),
                    step.text,
                )
                if part
            )
            for step in file.course
        ),
    )


def _what(step: "Step") -> str:
    """Return what a step of the course is about, in words."""
    from gated.hub.record_words import reason, verdict
    from gated.hub.status_words import status

    if step.passage is None:
        return status(step.code, "en")
    why = reason(step.code, "en", health=True) if step.code else ""
    return ", ".join(part for part in (verdict(step.passage.verdict, "en"), why) if part)


def _by(name: str) -> str:
    from gated.hub.difference import ENDED_BY_TABLE

    return "a table" if name == ENDED_BY_TABLE else name


def _lines(console: Any, title: str, lines: Iterable[str]) -> None:
    for number, line in enumerate(lines):
        if number == 0:
            console.print(f"\n{title}", markup=False)
        console.print(f"  {line}", markup=False)
