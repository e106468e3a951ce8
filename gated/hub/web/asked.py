"""What forms about records ask for: local times, whom the words mean, which gate."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gated.hub import register_words
from gated.hub.audit import Action
from gated.hub.completeness import gate_names
from gated.hub.register import Register, Shown
from gated.hub.web.visit import Visit


class Unclear(ValueError):
    """A field cannot be understood. key: text that says what to correct."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Someone:
    """A person whom search words may mean, masked."""

    ref: bytes
    shown: Shown


def instant_ms(text: str, zone: ZoneInfo) -> int | None:
    """Return a form's local time as UTC ms, None for "". Raises Unclear."""
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return round(at.replace(tzinfo=at.tzinfo or zone).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Unclear("records.bad_time") from error


def people(v: Visit, words: str, where: str) -> list[Someone]:
    """Return whom the words may mean at this site, as the register orders them; audited.

    where: the page that asks, as the audit names it. Raises ReasonMissing.
    """
    reason = v.reason()
    register = Register(v.office)
    refs = register.find(v.site.id, words)
    result = f"found {len(refs)}"
    v.office.audit.note(v.actor, Action.SEARCH, target=where, reason=reason, result=result)
    entries = register.entries(v.site.id, refs)
    return [Someone(ref, register.shown(entries[ref])) for ref in refs if ref in entries]


def household(v: Visit, room: str) -> bytes | None:
    """Return the household of a room such as 3-2-101, None for "". Raises Unclear."""
    if not room.strip():
        return None
    found = register_words.room_of(v.site.keys.site, room)
    if found is None:
        raise Unclear("records.bad_room")
    return found


def gates(v: Visit) -> dict[str, str]:
    """Return what the pages call each gate of the site, by id."""
    return gate_names(v.office, v.site.id, english=v.language == "en")
