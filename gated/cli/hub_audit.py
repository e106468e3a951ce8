"""`gated hub audit`: who looked at what, changed what and why."""

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import EXIT_NOT, complain, configured
from gated.hub.local_time import local

if TYPE_CHECKING:
    from gated.hub.audit import Audit

_HEAD: Final = re.compile(r"(\d{1,18}):([0-9a-f]{8,64})")
PSEUDONYM: Final = 32
"""Hex digits of a pseudonym; half of them tell people apart."""


def audit(
    site: SiteOption = "",
    config: HubConfigOption = None,
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many rows.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One object per row.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that no row of any site was altered or removed.")
    ] = False,
    known: Annotated[
        str,
        typer.Option(
            "--known",
            metavar="ROWS:HASH",
            help="With --verify: the head noted earlier; does it stand?",
        ),
    ] = "",
) -> None:
    """The newest rows of a site, oldest first; with --verify, whether the whole chain holds."""
    from gated.hub.roles import AT_THE_HUB

    head = _head(known) if known else None
    if head is not None and not verify:
        raise typer.BadParameter("--known is compared by --verify; give both")
    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        if verify:
            _verify(office.audit, head)
            return
        rows = office.audit.rows(actor.site, lines)
        zone = office.site(actor.site).zone
    for row in reversed(rows):
        if as_json:
            print(json.dumps(asdict(row), ensure_ascii=False))
            continue
        at = local(row.t_ms, zone)
        target = row.target[:16] if len(row.target) >= PSEUDONYM else row.target
        about = " ".join(word for word in (target, row.reason) if word)
        role = "administrator" if row.actor.startswith(AT_THE_HUB) else row.role
        who = f"{row.actor or 'unknown'} ({role or '-'})"
        print(f"{row.number}  {at:%Y-%m-%d %H:%M:%S}  {who}  {row.action}  {about}  {row.result}")


def _head(text: str) -> tuple[int, str]:
    """Return rows and digits of a head as it was written down. Raises BadParameter."""
    parts = _HEAD.fullmatch(text.strip().lower())
    if parts is None:
        raise typer.BadParameter(f"{text} is no head of an audit, for example 1234:1a2b3c4d")
    return int(parts[1]), parts[2]


def _verify(audit: "Audit", known: tuple[int, str] | None) -> None:
    """Print that the audit is whole and its head, or complain and exit."""
    problems = []
    if (broken := audit.first_broken()) is not None:
        problems.append(
            f"audit row {broken} does not fit the one before it: a row was altered or removed"
        )
    if cut_off := audit.cut_off():
        problems.append(f"{cut_off} audit rows that were written once are missing")
    if known is not None and not audit.still_holds(*known):
        problems.append(f"the audit does not go on from {known[0]}:{known[1]}")
    for problem in problems:
        complain(f"{problem}; compare with the last backup")
    if problems:
        raise typer.Exit(EXIT_NOT)
    print("the audit is whole: every row fits the one before it")
    head = audit.head()
    print(f"rows {head.rows}, head {head.hash.hex()}; to compare with later: {head.short}")
