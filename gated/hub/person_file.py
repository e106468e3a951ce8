"""One person, one file: who, which statuses, every passage, temperature and note, what is due.

Only who may see a person gets a file, masked until the full identity is asked for. Every look is
audited with its reason; every note and reading with who wrote it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, insert

from gated.core.facts import Policy
from gated.core.reasons import Code
from gated.errors import GatedError
from gated.hub import observation, person_rows
from gated.hub.audit import Action
from gated.hub.local_time import local
from gated.hub.observation import DueReading, DueState, Reading, Window
from gated.hub.office import Office
from gated.hub.person_course import Note, Step, course
from gated.hub.person_rows import (
    READING,
    WORDS,
    InboxRow,
    NoteRow,
    PassageLine,
    Span,
    StatusRow,
)
from gated.hub.register import Entry, Register, Shown
from gated.hub.roles import Actor, Right
from gated.hub.schema_records import INBOX
from gated.hub.schema_register import NOTE

MC_LOWEST, MC_HIGHEST = 34_000, 42_900
FEVER_MC: Final = Policy().fever_mc  # as gates judge it
DAY_MS: Final = 24 * 3_600_000
BACK_DAYS: Final = 60  # older readings come from paper that nobody can check any more
TEXT_MAX: Final = 2_000  # characters of a note
COURSE_ROWS: Final = 200  # of passages, of notes or of inbox items on one page of the course


class PersonRefused(GatedError, ValueError):
    """Something about a person was not done. code: which sentence of the pages says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody else registered in or for the same room, masked. standing: status codes now."""

    ref: bytes
    name: str
    room: str
    category: str
    standing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class File:
    """Everything the centre knows of one person at one site.

    identity None: masked only. withheld: a child whose movements nobody may see now; then there
    are no passages, temperatures, notes, due times, answered items and course. course, and its
    passages, notes and inbox: newest first, of one page; older_ms: the next page is what was
    before this instant, None at the end. open_items: all nobody has answered. due: oldest first.
    """

    ref: bytes
    name: str
    room: str
    phone: str
    document: str
    identity: Shown | None
    category: str
    flags: tuple[str, ...]
    removed_ms: int | None
    standing: tuple[str, ...]
    statuses: tuple[StatusRow, ...]
    household: tuple[Member, ...]
    withheld: bool
    passages: tuple[PassageLine, ...]
    older_ms: int | None
    temperatures: tuple[Reading, ...]
    notes: tuple[Note, ...]
    due: tuple[DueReading, ...]
    inbox: tuple[InboxRow, ...]
    open_items: tuple[InboxRow, ...]
    course: tuple[Step, ...]

    @property
    def overdue(self) -> tuple[DueReading, ...]:
        """What should have been measured and was not, oldest first."""
        return tuple(item for item in self.due if item.state is DueState.OVERDUE)


@dataclass(frozen=True, slots=True)
class Watched:
    """Somebody under observation now. last: the newest temperature of the listed time."""

    ref: bytes
    standing: tuple[str, ...]
    since_ms: int
    until_ms: int | None
    due: tuple[DueReading, ...]
    last: Reading | None

    @property
    def overdue(self) -> tuple[DueReading, ...]:
        """What should have been measured and was not, oldest first."""
        return tuple(item for item in self.due if item.state is DueState.OVERDUE)


def standing(statuses: Sequence[StatusRow], now_ms: int) -> tuple[str, ...]:
    """Return the codes of the statuses that count at an instant, each once, oldest first."""
    held = [
        item.code
        for item in statuses
        if (item.start is None or item.start <= now_ms)
        and ((end := observation.end_of(item)) is None or now_ms < end)
    ]
    return tuple(dict.fromkeys(held))


class PersonFile:
    """Reads and writes the files of people; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._register = Register(office)

    def of(
        self,
        actor: Actor,
        ref: bytes,
        reason: str,
        *,
        before_ms: int | None = None,
        whole: bool = False,
        full: bool = False,
    ) -> File:
        """Return the file of a person of the actor's site; audited with the reason.

        before_ms: the page of the course that lies before this instant; whole: all of it, however
        long. full: with the identity in clear. Raises PersonRefused for who may not, without a
        reason, or when nobody has this pseudonym here.
        """
        self._allow(actor, Right.SEE_PERSON)
        if full:
            self._allow(actor, Right.SEE_IDENTITY)
        if not reason.strip():
            raise PersonRefused("reason", "a file is opened only with a reason; say what for")
        entry = self._entry(actor.site, ref)
        action = Action.IDENTITY if full else Action.LOOK_UP
        self._office.audit.note(actor, action, target=entry.ref.hex(), reason=reason)
        return self._read(entry, actor.site, before_ms, whole=whole, full=full)

    def add_reading(
        self, actor: Actor, ref: bytes, t_ms: int, value_mc: int, note: str = ""
    ) -> int:
        """The temperature stands in the file; return its number. A fever goes to the inbox.

        t_ms: when it was taken, UTC, not ahead of now and at most BACK_DAYS old; value_mc:
        thousandths of a degree. Raises PersonRefused.
        """
        now_ms = self._office.utc_ms()
        if not MC_LOWEST <= value_mc <= MC_HIGHEST:
            raise PersonRefused(
                "value", "a body temperature lies between 34.0 and 42.9 °C; look at it again"
            )
        if t_ms > now_ms:
            raise PersonRefused("future", "the reading lies in the future; correct its time")
        if t_ms < now_ms - BACK_DAYS * DAY_MS:
            raise PersonRefused(
                "old", f"the reading is more than {BACK_DAYS} days old; correct its time"
            )
        return self._add(actor, ref, READING, t_ms, note, value_mc)

    def add_note(self, actor: Actor, ref: bytes, text: str) -> int:
        """The note stands in the file, sealed; return its number. Raises PersonRefused."""
        if not text.strip():
            raise PersonRefused("empty", "the note is empty; write something or leave it")
        return self._add(actor, ref, WORDS, self._office.utc_ms(), text)

    def watched(self, site: str) -> list[Watched]:
        """Return everybody under observation now, those with something overdue first."""
        now_ms = self._office.utc_ms()
        with self._office.database.reading() as connection:
            refs = person_rows.watched_refs(connection, site)
            histories = person_rows.statuses(connection, site, refs)
            since = now_ms - observation.LISTED_MS - observation.LEAD_MS
            taken = person_rows.readings(connection, site, refs, since, now_ms + 1)
        found = []
        asked = self._windows(site)
        for ref, held in histories.items():
            spans = observation.spans(held)
            current = next((span for span in spans if span.holds(now_ms)), None)
            if current is not None:
                codes = standing(held, now_ms)
                listed = taken.get(ref, [])
                due = observation.due_readings(asked, [current], listed, now_ms)
                last = listed[-1] if listed else None
                found.append(
                    Watched(ref, codes, current.start_ms, current.end_ms, tuple(due), last)
                )
        return sorted(found, key=_urgency)

    def overdue(self, site: str) -> list[Watched]:
        """Return those under observation now of whom a reading is overdue, longest first."""
        return [one for one in self.watched(site) if one.overdue]

    def _windows(self, site: str) -> list[Window]:
        place = self._office.site(site)
        return observation.windows(place.zone, place.reading_hours, self._office.utc_ms())

    def _read(
        self, entry: Entry, site: str, before_ms: int | None, *, whole: bool, full: bool
    ) -> File:
        now_ms, ref = self._office.utc_ms(), entry.ref
        # the list needs the readings of the first due time's lead as well
        since = now_ms - BACK_DAYS * DAY_MS
        with self._office.database.reading() as connection:
            held = person_rows.statuses(connection, site, [ref]).get(ref, [])
            waiting = person_rows.open_inbox(connection, site, ref)
            floor = None
            if not whole:
                floor = person_rows.floor_ms(connection, site, ref, before_ms, COURSE_ROWS)
            span = Span(floor, before_ms)
            lines = person_rows.passages(connection, site, ref, span)
            notes = person_rows.notes(connection, site, ref, span)
            items = person_rows.inbox(connection, site, ref, span)
            taken = person_rows.readings(connection, site, [ref], since, now_ms + 1).get(ref, [])
        opened = [self._opened(row, ref) for row in notes]
        spans = observation.spans(held)
        due = observation.due_readings(self._windows(site), spans, taken, now_ms)
        shown = self._register.shown(entry)
        withheld = entry.movements_withheld(local(now_ms, self._office.site(site).zone))
        file = File(
            ref=ref,
            name=shown.name,
            room=shown.room,
            phone=shown.phone,
            document=shown.document,
            identity=entry.whole if full else None,
            category=entry.row.category.value,
            flags=tuple(sorted(entry.row.flags)),
            removed_ms=entry.removed_ms,
            standing=standing(held, now_ms),
            statuses=tuple(reversed(held)),
            household=self._household(entry, site, now_ms),
            withheld=withheld,
            passages=tuple(lines),
            older_ms=None if floor is None else floor + 1,
            temperatures=tuple(reversed(taken)),
            notes=tuple(opened),
            due=tuple(due),
            inbox=tuple(items),
            open_items=tuple(waiting),
            course=tuple(course(held, opened, lines, items, due, now_ms, span)),
        )
        return _without_movements(file) if withheld else file

    def _household(self, entry: Entry, site: str, now_ms: int) -> tuple[Member, ...]:
        if entry.household is None:
            return ()
        others = [
            one for one in self._register.household(site, entry.household) if one.ref != entry.ref
        ]
        with self._office.database.reading() as connection:
            held = person_rows.statuses(connection, site, [one.ref for one in others])
        members = []
        for one in others:
            shown = self._register.shown(one)
            codes = standing(held.get(one.ref, []), now_ms)
            members.append(Member(one.ref, shown.name, shown.room, one.row.category.value, codes))
        return tuple(members)

    def _opened(self, row: NoteRow, ref: bytes) -> Note:
        text = self._office.sealer.open(row.sealed, ref)[0]
        return Note(row.id, row.kind, row.t_ms, row.value_mc, text, row.entered_by, row.entered_ms)

    def _add(
        self,
        actor: Actor,
        ref: bytes,
        kind: str,
        t_ms: int,
        text: str,
        value_mc: int | None = None,
    ) -> int:
        self._allow(actor, Right.WRITE_PERSON)
        text = text.strip()
        if len(text) > TEXT_MAX:
            raise PersonRefused(
                "long", f"a note has at most {TEXT_MAX} characters; write two of them"
            )
        ref = self._entry(actor.site, ref).ref
        with self._office.database.writing("write into a person's file") as connection:
            added = connection.execute(
                insert(NOTE)
                .values(
                    site=actor.site,
                    ref=ref,
                    kind=kind,
                    t_ms=t_ms,
                    value_mc=value_mc,
                    sealed=self._office.sealer.seal([text], ref),
                    entered_by=actor.name,
                    entered_ms=self._office.utc_ms(),
                )
                .returning(NOTE.c.id)
            )
            number: int = added.scalar_one()
            if value_mc is not None and value_mc >= FEVER_MC:
                _report_fever(connection, actor.site, ref, t_ms, number)
            self._office.audit.note(
                actor, Action.NOTE, target=ref.hex(), result=kind, connection=connection
            )
        return number

    def _entry(self, site: str, ref: bytes) -> Entry:
        entry = self._register.entry(site, self._register.now(site, ref))
        if entry is None:
            raise PersonRefused(
                "unknown", "nobody on this site's register has this pseudonym; search again"
            )
        return entry

    @staticmethod
    def _allow(actor: Actor, right: Right) -> None:
        if not actor.may(right):
            raise PersonRefused(
                "role", f"the role {actor.role.value} may not do this; ask the community officer"
            )


def _without_movements(file: File) -> File:
    """Return the file without anything that tells where somebody was; open items wait on."""
    return replace(
        file,
        passages=(),
        older_ms=None,
        temperatures=(),
        notes=(),
        due=(),
        inbox=(),
        course=(),
    )


def _urgency(one: Watched) -> tuple[int, int, bytes]:
    """Whoever waits longest for a reading comes first; then by the beginning of the status."""
    missed = one.overdue
    return (0, missed[0].at_ms, one.ref) if missed else (1, one.since_ms, one.ref)


def _report_fever(connection: Connection, site: str, ref: bytes, t_ms: int, number: int) -> None:
    connection.execute(
        insert(INBOX).values(
            source=f"reading:{number}",
            site=site,
            gate="",
            kind="fever",
            code=Code.TEMP_CLINICAL_HIGH.value,
            t_ms=t_ms,
            certain=True,
            person=ref,
        )
    )
