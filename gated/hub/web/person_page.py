"""One person, one file: search, the file itself, readings and notes, the list of who is watched."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from starlette.responses import Response

from gated.hub import record_words
from gated.hub.audit import Action
from gated.hub.difference import ENDED_BY_TABLE
from gated.hub.local_time import form_time
from gated.hub.person_course import Step
from gated.hub.person_file import FEVER_MC, PersonFile, PersonRefused
from gated.hub.record_words import Language
from gated.hub.register import Register
from gated.hub.roles import Right
from gated.hub.status_words import status
from gated.hub.web.asked import gates
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit

NOT_FOUND: Final = 404
FORBIDDEN: Final = 403
REFUSED: Final = 409
SHORT: Final = 8  # hex digits by which people tell pseudonyms apart
LISTED_MAX: Final = 300  # people on the list of those watched; the most urgent come first
DUE_MAX: Final = 12  # the newest due times of a file
_REF: Final = re.compile(r"[0-9a-f]{32}")
_DEGREES: Final = re.compile(r"(\d{2})(?:[.．。,，](\d))?")
_BEFORE: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of records and statuses in the visitor's language, for templates."""

    language: Language

    def status(self, code: str) -> str:
        """Return the word for a status."""
        return status(code, self.language)

    def category(self, value: str) -> str:
        """Return the word for a category."""
        return record_words.category(value, self.language)

    def reason(self, code: str) -> str:
        """Return the words for a reason; this reader may know health statuses."""
        return record_words.reason(code, self.language, health=True)

    def verdict(self, value: str) -> str:
        """Return the word for a verdict."""
        return record_words.verdict(value, self.language)

    def direction(self, value: str) -> str:
        """Return the word for a direction."""
        return record_words.direction(value, self.language)

    def temperature(self, value_mc: int | None) -> str:
        """Return degrees with one digit."""
        return record_words.temperature(value_mc)


@dataclass(frozen=True, slots=True)
class Day:
    """What happened to somebody on one local day, newest first."""

    day: str
    steps: list[Step]


def search(v: Visit) -> Response:
    """The form, and whom its words may mean; exactly one leads to the file."""
    typed = v.form.get("who", "").strip()
    if v.request.method == "GET" or not typed:
        return v.page("person_search.html", asked=False, found=[])
    reason = v.reason()
    register = Register(v.office)
    refs = register.find(v.site.id, typed)
    result = f"found {len(refs)}"
    v.office.audit.note(v.actor, Action.SEARCH, target="person", reason=reason, result=result)
    if len(refs) == 1:
        return v.redirect(f"/person/{refs[0].hex()}")
    entries = register.entries(v.site.id, refs)
    found = [(ref, register.shown(entries[ref])) for ref in refs]
    return v.page("person_search.html", asked=True, found=found)


def file(v: Visit) -> Response:
    """The file, masked."""
    return _file_page(v)


def identity(v: Visit) -> Response:
    """The file with the identity in clear."""
    return _file_page(v, full=True)


def add_reading(v: Visit) -> Response:
    """The temperature stands in the file, or the file says why it does not."""
    degrees = _DEGREES.fullmatch(v.form.get("value", "").strip().removesuffix("℃").strip())
    taken = _instant(v, v.form.get("at", ""))
    if degrees is None:
        return _file_page(v, error="person.refused.value")
    if taken is None:
        return _file_page(v, error="person.refused.time")
    value_mc = int(degrees[1]) * 1000 + int(degrees[2] or 0) * 100
    ref = _ref(v)
    if ref is None:
        return v.refused("person.refused.unknown", NOT_FOUND)
    try:
        files = PersonFile(v.office)
        files.add_reading(v.actor, ref, taken, value_mc, v.form.get("note", ""))
    except PersonRefused as error:
        return _file_page(v, error=f"person.refused.{error.code}")
    return v.redirect(f"/person/{ref.hex()}", done="person.reading_done")


def add_note(v: Visit) -> Response:
    """The note stands in the file, or the file says why it does not."""
    ref = _ref(v)
    if ref is None:
        return v.refused("person.refused.unknown", NOT_FOUND)
    try:
        PersonFile(v.office).add_note(v.actor, ref, v.form.get("text", ""))
    except PersonRefused as error:
        return _file_page(v, error=f"person.refused.{error.code}")
    return v.redirect(f"/person/{ref.hex()}", done="person.note_done")


def observation(v: Visit) -> Response:
    """Everybody under observation now, those with a reading overdue first."""
    reason = v.reason()
    watched = PersonFile(v.office).watched(v.site.id)
    result = f"listed {len(watched)}"
    v.office.audit.note(v.actor, Action.SEARCH, target="observation", reason=reason, result=result)
    listed = watched[:LISTED_MAX]
    register = Register(v.office)
    entries = register.entries(v.site.id, [one.ref for one in listed])
    people = [(one, register.shown(entries[one.ref])) for one in listed if one.ref in entries]
    return v.page(
        "person_observation.html",
        people=people,
        total=len(watched),
        overdue=sum(bool(one.overdue) for one in watched),
        w=Words(v.language),
        hours=v.site.reading_hours,
    )


def _file_page(v: Visit, *, full: bool = False, error: str = "") -> Response:
    ref = _ref(v)
    if ref is None:
        return v.refused("person.refused.unknown", NOT_FOUND)
    try:
        before = _before(v.query.get("before", ""))
        found = PersonFile(v.office).of(v.actor, ref, v.reason(), before_ms=before, full=full)
    except PersonRefused as refusal:
        unknown = refusal.code == "unknown"
        status_code = NOT_FOUND if unknown else FORBIDDEN
        return v.refused(f"person.refused.{refusal.code}", status_code)
    return v.page(
        "person_file.html",
        status=REFUSED if error else 200,
        file=found,
        who=found.identity or found,
        short=ref.hex()[:SHORT],
        due=list(reversed(found.due))[:DUE_MAX],
        days=_days(v, found.course),
        before=before,
        paged=before is not None,
        error=error,
        typed=v.form if error else {},
        now=form_time(v.office.utc_ms(), v.site.zone),
        w=Words(v.language),
        gates=gates(v),
        by_table=ENDED_BY_TABLE,
        fever_mc=FEVER_MC,
    )


def _ref(v: Visit) -> bytes | None:
    text = str(v.request.path_params["ref"])
    return bytes.fromhex(text) if _REF.fullmatch(text) else None


def _before(text: str) -> int | None:
    """Return before which instant a page of the course lies; None for the newest page."""
    return int(text) if _BEFORE.fullmatch(text) else None


def _days(v: Visit, course: Sequence[Step]) -> list[Day]:
    """Return the course by local day, newest first."""
    by_day = groupby(course, lambda step: v.when(step.t_ms)[:10])
    return [Day(day, list(steps)) for day, steps in by_day]


def _instant(v: Visit, text: str) -> int | None:
    """Return UTC ms of a local time; now without one, None for what is no time."""
    now_ms = v.office.utc_ms()
    if not text.strip():
        return now_ms
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is not None:
        return None
    try:
        return round(moment.replace(tzinfo=v.site.zone).timestamp() * 1000)
    except (OverflowError, ValueError):  # the years 1 and 9999 leave what a zone can tell
        return None


PAGES = (
    Page("/person", search, Right.SEE_PERSON, ("GET", "POST")),
    Page("/person/observation", observation, Right.SEE_PERSON),
    Page("/person/{ref}", file, Right.SEE_PERSON),
    Page("/person/{ref}/identity", identity, Right.SEE_IDENTITY, ("POST",)),
    Page("/person/{ref}/reading", add_reading, Right.WRITE_PERSON, ("POST",)),
    Page("/person/{ref}/note", add_note, Right.WRITE_PERSON, ("POST",)),
)
