"""`gated hub trace`: who passed the same gate within so many minutes of somebody."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.hub_whom import PERSON_HELP, one_person
from gated.cli.outcome import EXIT_USAGE, complain, configured, say
from gated.cli.private_file import write_result
from gated.hub.local_time import local

if TYPE_CHECKING:
    from gated.hub.register import Shown
    from gated.hub.trace import Passage
    from gated.hub.trace_query import Trace, Tracer

YEARS = range(1970, 2101)  # no record is of an earlier or later one
DAYS = 14  # as long as somebody exposed is watched
_WITHIN = re.compile(r"(\d{1,4})\s*(s|m|min|h)?")
_MS = {"s": 1_000, "m": 60_000, "min": 60_000, "": 60_000, "h": 3_600_000}


def trace(
    person: Annotated[str, typer.Argument(help=PERSON_HELP)],
    start: Annotated[
        str, typer.Option("--from", help="ISO time or day, included; left out: 14 days ago.")
    ] = "",
    end: Annotated[
        str, typer.Option("--to", help="ISO time, excluded, or day, included; left out: now.")
    ] = "",
    within: Annotated[str, typer.Option(help="Window to both sides: 90s, 10m or 1h.")] = "10m",
    gate: Annotated[str, typer.Option(help="Only this gate.")] = "",
    reason: Annotated[str, typer.Option(help="What it is for; goes into the audit.")] = "",
    config: HubConfigOption = None,
    site: SiteOption = "",
    *,
    csv: Annotated[Path | None, typer.Option(help="Write a table to this file as well.")] = None,
    language: Annotated[
        Literal["zh", "en"], typer.Option("--language", help="Of the table --csv writes.")
    ] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Whole names and rooms; audited.")] = False,
) -> None:
    """Somebody's passages, who was near at the same gate, the household, its visitors, hosts."""
    from gated.hub.completeness import gate_names
    from gated.hub.trace_query import Question, Tracer
    from gated.hub.trace_table import trace_csv, trace_fields

    within_ms = duration_ms(within)
    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        zone = office.site(actor.site).zone
        now = datetime.fromtimestamp(office.utc_ms() / 1000, UTC)
        begin = instant(start, zone, whole_day=False) or now - timedelta(days=DAYS)
        until = instant(end, zone, whole_day=True) or now
        tracer = Tracer(office)
        _check_gate(tracer, actor.site, gate)
        why = stated(reason)
        ref = one_person(office, actor, person, why)
        question = Question(ref, _ms(begin), _ms(until), within_ms, gate)
        found = tracer.trace(actor, question, why)
        names = tracer.names(actor, found, why, full=full)
        gates = gate_names(office, actor.site, english=language == "en")
    if csv is not None:
        write_result(csv, trace_csv(found, names, gates, zone, language).encode())
    if as_json:
        print(json.dumps(trace_fields(found, names), ensure_ascii=False))
    else:
        _print(found, names, zone)
    _say_missing(found, zone)


def _say_missing(found: "Trace", zone: ZoneInfo) -> None:
    if not found.incomplete:
        say("complete: every gate has sent everything of this span")
    for missing in found.incomplete:
        upto = "never" if missing.upto_ms is None else _when(missing.upto_ms, zone)
        away = "online" if missing.online else "offline"
        if missing.retired_ms is not None:
            retired = _when(missing.retired_ms, zone)
            say(
                f"incomplete: gate {missing.gate}, retired {retired}: records up to {upto} are"
                f" here, {missing.missing} never received"
            )
            continue
        say(
            f"incomplete: gate {missing.gate} ({away}): records up to {upto} are here,"
            f" {missing.missing} known to be missing; ask again when it has synchronised"
        )


def _check_gate(tracer: "Tracer", site: str, gate: str) -> None:
    """End the command with 2 before anybody is searched when the site has no such gate."""
    from gated.hub.trace_query import TraceRefused

    try:
        tracer.check_gate(site, gate)
    except TraceRefused as error:
        complain(str(error))
        raise typer.Exit(EXIT_USAGE) from error


def duration_ms(text: str) -> int:
    """Return 90s, 10m or 1h as ms; a bare number is minutes. Raises typer.BadParameter (exit 2)."""
    parts = _WITHIN.fullmatch(text.strip().lower())
    if parts is None:
        raise typer.BadParameter(f"{text} is no span of time, for example 90s, 10m or 1h")
    return int(parts[1]) * _MS[parts[2] or ""]


def instant(text: str, zone: ZoneInfo, *, whole_day: bool) -> datetime | None:
    """Return an ISO time, of the site unless it names a zone; None for "".

    whole_day: a bare day means its end. Raises typer.BadParameter (exit 2).
    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no ISO time, for example 2020-02-10T14:00") from error
    if at.year not in YEARS:
        raise typer.BadParameter(f"{text}: there are no records of that year; check the date")
    bare_day = re.fullmatch(r"\d{4}-\d\d-\d\d|\d{8}", text) is not None
    if whole_day and bare_day:
        at += timedelta(days=1)
    return at if at.tzinfo else at.replace(tzinfo=zone)


def stated(reason: str) -> str:
    """Return the reason given, or ask for one when somebody sits at the terminal."""
    if not reason.strip() and sys.stdin.isatty():
        return str(typer.prompt("Reason (goes into the audit)", err=True))
    return reason


def _print(found: "Trace", names: "dict[bytes, Shown]", zone: ZoneInfo) -> None:
    from gated.hub.trace_table import minutes

    print(_named(found.question.person, names))
    if not found.own:
        print("  no passages in this span")
    for one in found.own:
        print(f"  passed: {_passed(one, zone)}")
    for contact in found.contacts:
        met = contact.nearest
        gap = f"{minutes(met.gap_ms):+.1f} min{'' if met.certain else ' ?'}"
        home = ", household" if contact.household else ""
        times = f", {len(contact.meetings)} times" if len(contact.meetings) > 1 else ""
        near = f"{_passed(met.other, zone)} (own: {_short(met.own, zone)}){times}{home}"
        print(f"contact: {gap}: {_named(contact.person, names)}: {near}")
    for kind, group in (("household", found.household), ("visitor", found.visitors)):
        for related in group:
            when = ", ".join(_passed(one, zone) for one in related.passages) or "no passage"
            print(f"{kind}: {_named(related.person, names)}: {when}")
    for host in found.hosts:
        who = ", ".join(_named(ref, names) for ref in host.members) or "nobody registered"
        when = ", ".join(_passed(one, zone) for one in host.visits) or "no passage"
        print(f"host: {who}: {when}")
    for one in found.unknown:
        print(f"unknown person: {_passed(one, zone)}")


def _named(ref: bytes, names: "dict[bytes, Shown]") -> str:
    shown = names.get(ref)
    known = f"{shown.name} {shown.room}" if shown else "not in the register"
    return f"{ref.hex()[:8]} {known}".strip()


def _passed(one: "Passage", zone: ZoneInfo) -> str:
    doubt = "" if one.certain else "?"
    return f"{_when(one.start_ms, zone)}{doubt} {one.gate} {one.direction} {one.verdict}"


def _short(one: "Passage", zone: ZoneInfo) -> str:
    doubt = "" if one.certain else "?"
    return f"{_when(one.start_ms, zone)}{doubt} {one.direction}"


def _when(ms: int, zone: ZoneInfo) -> str:
    return f"{local(ms, zone):%Y-%m-%d %H:%M:%S}"


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
