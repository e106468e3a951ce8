"""`gated roster set`: one change of one person, signed and at the gates within seconds."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import EXIT_NOT, EXIT_USAGE, complain
from gated.cli.roster_person import chosen
from gated.core.room import room_parts

if TYPE_CHECKING:
    from gated.core.model import Category, StatusCode
    from gated.hub.changes import Changes, Done
    from gated.hub.register import Entry
    from gated.hub.roles import Actor
    from gated.store.roster_build import RosterRow

WORDS: Final = (
    *("moved-out", "lost-card", "new-card", "quarantine", "released", "arrival-province"),
    *("arrival-epidemic", "filed", "medicine", "status", "end", "correct"),
)
NEEDS_WORD: Final = frozenset({"new-card", "status", "end"})
TAKES_WORD: Final = NEEDS_WORD | {"lost-card"}


class UsageError(Exception):
    """The words of the command make no sense."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed. value: the word behind the change: a card, or a status."""

    value: str
    start: datetime | None
    end: datetime | None
    reason: str
    id_number: str
    name: str
    phone: str
    room: str
    category: str
    card: str


def set_(
    words: Annotated[
        list[str],
        typer.Argument(
            help=f"PERSON and one of: {', '.join(WORDS)}; or add.", metavar="PERSON CHANGE"
        ),
    ],
    *,
    start: Annotated[str, typer.Option("--from", help="First day or moment; left out: now.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day, or moment of the end.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; goes into the audit.")] = "",
    id_number: Annotated[str, typer.Option("--id", help="Identity number.")] = "",
    name: Annotated[str, typer.Option("--name", help="Name.")] = "",
    phone: Annotated[str, typer.Option("--phone", help="Phone.")] = "",
    room: Annotated[str, typer.Option("--room", help="Room, such as 3-2-101.")] = "",
    category: Annotated[str, typer.Option("--category", help="resident, 居民, tenant …")] = "",
    card: Annotated[str, typer.Option("--card", help="Card of a new person.")] = "",
    site: SiteOption = "",
    config: HubConfigOption = None,
) -> None:
    """At the hub: change one person; PERSON is a number, name, card, phone or room."""
    from gated.store.table_cells import BadCell

    with opened_office(config) as office:
        from gated.hub.changes import ChangeRefused, Changes

        actor = command_actor(office, site)
        here = office.site(actor.site)
        try:
            wish = Wish(
                "".join(words[2:3]),
                _instant(start, "--from", here.zone),
                _instant(end, "--to", here.zone),
                *(reason, id_number, name, phone, room, category, card),
            )
            act = _act(words, wish)
            if words[0] == "add":
                done = Changes(office).add(actor, _row(wish), reason)
            else:
                done = act(Changes(office), actor, chosen(office, actor, words[0], reason))
        except (UsageError, BadCell) as error:
            complain(str(error))
            raise typer.Exit(EXIT_USAGE) from error
        except ChangeRefused as error:
            complain(str(error))
            raise typer.Exit(EXIT_NOT) from error
    what = f"{done.ref.hex()[:8]} {' '.join(words[:1] if words[0] == 'add' else words[1:2])}"
    if done.changed:
        print(f"revision {done.rev} of {here.roster} is offered: {what}")
    else:
        print(f"already so: {what}; revision {done.rev} of {here.roster}")


Act = Callable[["Changes", "Actor", "Entry"], "Done"]


def _act(words: list[str], wish: Wish) -> Act:
    """Return what to do with the person. Raises UsageError."""
    from gated.core.model import StatusCode

    if words == ["add"]:
        return _nothing
    who, word, *more = [*words, ""] if len(words) == 1 else words
    if who == "add" or len(more) > 1:
        raise UsageError(f"write add, or PERSON and one of: {', '.join(WORDS)}")
    if word not in WORDS:
        raise UsageError(f"after PERSON comes one of: {', '.join(WORDS)}")
    if more and word not in TAKES_WORD:
        raise UsageError(f"{word} takes no further word")
    if not more and word in NEEDS_WORD:
        what = "the card" if word == "new-card" else "the status"
        raise UsageError(f"{word} needs a further word: {what}")
    arrivals = {
        "arrival-province": StatusCode.FROM_OTHER_PROVINCE,
        "arrival-epidemic": StatusCode.FROM_EPIDEMIC_AREA,
    }
    if word in arrivals:
        return partial(_status, code=arrivals[word], wish=wish)
    if word == "status":
        return partial(_status, code=_status_code(wish.value), wish=wish)
    if word == "end":
        return partial(_end, code=_status_code(wish.value), wish=wish)
    return partial(_ACTS[word], wish=wish)


def _nothing(_changes: "Changes", _actor: "Actor", _entry: "Entry") -> "Done":
    raise AssertionError("somebody new is added, not changed")


def _status(
    changes: "Changes", actor: "Actor", entry: "Entry", *, code: "StatusCode", wish: Wish
) -> "Done":
    return changes.set_status(actor, entry.ref, code, wish.start, wish.end, wish.reason)


def _end(
    changes: "Changes", actor: "Actor", entry: "Entry", *, code: "StatusCode", wish: Wish
) -> "Done":
    return changes.end_status(actor, entry.ref, code, wish.reason)


def _correct(changes: "Changes", actor: "Actor", entry: "Entry", *, wish: Wish) -> "Done":
    from gated.hub.changes import Correction

    building, unit, room = _place(wish.room) if wish.room else (None, None, None)
    correction = Correction(
        id_number=wish.id_number or None,
        name=wish.name or None,
        phone=wish.phone or None,
        building=building,
        unit=unit,
        room=room,
        category=_category(wish.category) if wish.category else None,
        start=wish.start,
        end=wish.end,
    )
    if all(getattr(correction, item.name) is None for item in fields(correction)):
        raise UsageError("correct needs a new value: --name, --phone, --room, --category, --id …")
    return changes.correct(actor, entry.ref, correction, version=entry.version, reason=wish.reason)


_ACTS: Final[dict[str, Callable[..., "Done"]]] = {
    "moved-out": lambda c, a, e, wish: c.moved_out(a, e.ref, wish.start, wish.reason),
    "lost-card": lambda c, a, e, wish: c.lost_card(a, e.ref, wish.value, wish.reason),
    "new-card": lambda c, a, e, wish: c.new_card(a, e.ref, wish.value, wish.reason),
    "quarantine": lambda c, a, e, wish: c.quarantine(a, e.ref, wish.start, wish.end, wish.reason),
    "released": lambda c, a, e, wish: c.released(a, e.ref, wish.end, wish.reason),
    "filed": lambda c, a, e, wish: c.filed(a, e.ref, wish.reason),
    "medicine": lambda c, a, e, wish: c.medicine(a, e.ref, wish.end),
    "correct": _correct,
}


def _instant(text: str, option: str, zone: tzinfo) -> datetime | None:
    from gated.store.table_cells import BadCell, instant_of

    try:
        return instant_of(text, option, zone, day_after=option == "--to")
    except BadCell as error:
        raise UsageError(f"{option} {error}") from error


def _row(wish: Wish) -> "RosterRow":
    from gated.store.roster_build import Card, RosterRow

    if not wish.category:
        raise UsageError("add needs --category, such as resident or 居民")
    building, unit, room = _place(wish.room) if wish.room else ("", "", "")
    return RosterRow(
        _category(wish.category),
        id_number=wish.id_number,
        name=wish.name,
        phone=wish.phone,
        building=building,
        unit=unit,
        room=room,
        cards=(Card(wish.card),) if wish.card else (),
        start=wish.start,
        end=wish.end,
    )


def _place(text: str) -> tuple[str, str, str]:
    parts = room_parts(text)
    if parts is None:
        raise UsageError("--room is no room; write it as 3-2-101")
    return parts


def _category(text: str) -> "Category":
    from gated.store import table_words as table

    found = table.by_word(table.CATEGORIES).get(table.spelled(text))
    if found is None:
        raise UsageError("--category is unknown; docs/store.md lists the words")
    return found


def _status_code(text: str) -> "StatusCode":
    from gated.store import table_words as table

    found = table.by_word(table.STATUSES).get(table.spelled(text))
    if found is None:
        raise UsageError("this status is unknown; docs/policy.md lists the codes")
    return found
