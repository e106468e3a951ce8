"""Finds people by room or household for a guard, and takes the one that stands at the gate.

    FinderIntake    threads of the screen's server: queues, brings the answer back
    FinderDesk      the engine's thread: asks the list, keeps the handles, records the look-up

The page gets masked names and handles that live two minutes; a handle stands for a pseudonym, and
whoever is picked is looked up anew. Rooms are in no log and no record.
"""

import queue
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from gated.core.canonical import Json
from gated.core.duty import Task
from gated.core.model import (
    Credential,
    CredentialKind,
    CredentialState,
    Display,
    Holder,
    Moment,
    Person,
)
from gated.core.text import Text
from gated.errors import StoreError
from gated.gate.duty_desk import DutyDesk
from gated.gate.events import GUARD_ANSWER_S, Inbox, answer_of
from gated.gate.recorder import Recorder
from gated.log import logger
from gated.screen.actions import Pick, Search
from gated.screen.look_up import Found, FoundPerson
from gated.screen.refusals import BUSY, NO_LIST, PICK_OVER, TOO_MANY, VISIT_OVER
from gated.screen.reports import Answer

PEOPLE_MAX: Final = 20  # a guard chooses from a list
HANDLES_MAX: Final = 64
HANDLE_MS: Final = 2 * 60_000
HANDLE_BYTES: Final = 4  # guessing one of 64 in two minutes is nobody's way in
LOOK_UPS_MAX: Final = 12
MINUTE_MS: Final = 60_000

_log = logger("finder")


@dataclass(frozen=True, slots=True)
class SearchAsked:
    """A guard looks for somebody."""

    at: Moment
    search: Search
    answer: "queue.SimpleQueue[Found]" = field(
        default_factory=queue.SimpleQueue, repr=False, compare=False
    )


@dataclass(frozen=True, slots=True)
class PickOrdered:
    """A guard says who stands at the gate."""

    at: Moment
    pick: Pick
    answer: "queue.SimpleQueue[Answer]" = field(
        default_factory=queue.SimpleQueue, repr=False, compare=False
    )


class FinderIntake:
    """Any thread. Blocks up to GUARD_ANSWER_S."""

    def __init__(self, inbox: Inbox, now: Callable[[], Moment]) -> None:
        self._inbox = inbox
        self._now = now

    def find(self, search: Search) -> Found:
        """Return who was found, or why nobody was looked for."""
        asked = SearchAsked(self._now(), search)
        return answer_of(self._inbox, asked, asked.answer, Found(refusal=BUSY))

    def identify(self, pick: Pick) -> Answer:
        """Return what became of it."""
        ordered = PickOrdered(self._now(), pick)
        return answer_of(self._inbox, ordered, ordered.answer, Answer(BUSY))


class Searched(Protocol):
    """What the desk needs of a list."""

    def by_room(self, building: str, unit: str, room: str) -> list[Holder]:
        """Return who lives in this room or is expected there."""

    def by_household(self, ref: bytes) -> list[Holder]:
        """Return who belongs to this household or is expected there."""

    def by_reference(self, prefix: bytes) -> Holder:
        """Return whose pseudonym begins so."""

    def display(self, ref: bytes) -> Display:
        """Return what a guard may see of this person, masked."""


class FinderDesk:
    """roster: the list of the moment, None for none. category: how a guard is told who it is."""

    def __init__(
        self,
        recorder: Recorder,
        duty: DutyDesk,
        roster: Callable[[Moment], Searched | None],
        category: Callable[[Holder], Text],
    ) -> None:
        self._recorder = recorder
        self._duty = duty
        self._roster = roster
        self._category = category
        self._handles: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._asked_ms: list[int] = []

    def search(self, asked: SearchAsked, person: Person | None, now: Moment) -> None:
        """Answer a search and record that it was made, without the room.

        person: whom the named visit is about, None when it is over or about nobody known.
        """
        search = asked.search
        refusal = self._refusal(asked.at, search.duty, now)
        if not refusal and search.visit and person is None:
            refusal = VISIT_OVER
        refusal = refusal or self._throttled(now)
        roster = self._roster(now)
        if refusal or roster is None:
            asked.answer.put(Found(refusal=refusal or NO_LIST))
            return
        try:
            found = _asked_for(roster, search, person)
        except StoreError as error:
            _log.error("roster.unreadable", problem=str(error))
            asked.answer.put(Found(refusal=NO_LIST))
            return
        people = tuple(self._shown(holder, now) for holder in found[:PEOPLE_MAX])
        fields: dict[str, Json] = {"by": "visit" if search.visit else "room", "found": len(found)}
        home = next((h.person.household for h in found if h.person and h.person.household), None)
        if home is not None:
            fields["household_ref"] = home.hex()
        self._recorder.event("look_up", {**fields, "guard": self._duty.guard}, now)
        asked.answer.put(Found(people))

    def picked(
        self, ordered: PickOrdered, visit: int, former: Person | None, now: Moment
    ) -> Holder | None:
        """Return who was picked, as the list knows them now; None: refused, and answered so.

        visit: number of the one that is open, 0 for none; former: whom it was about so far. A
        handle picks once, and that is recorded. The caller answers when it is done.
        """
        pick = ordered.pick
        refusal = self._refusal(ordered.at, pick.duty, now)
        if not refusal and visit not in (0, pick.visit):
            refusal = VISIT_OVER  # somebody else stands there by now
        holder = None if refusal else self._holder(pick.pick, now)
        if holder is None or holder.person is None:
            ordered.answer.put(Answer(refusal or PICK_OVER))
            return None
        fields: dict[str, Json] = {"person_ref": holder.person.ref.hex(), "visit": visit}
        if former is not None:
            fields["former_ref"] = former.ref.hex()
        self._recorder.event("identified", {**fields, "guard": self._duty.guard}, now)
        return holder

    def _throttled(self, now: Moment) -> str:
        """A guard looks for the person in front; who lists the compound is told to wait."""
        self._asked_ms = [at for at in self._asked_ms if now.mono_ms - at < MINUTE_MS]
        if len(self._asked_ms) >= LOOK_UPS_MAX:
            return TOO_MANY
        self._asked_ms.append(now.mono_ms)
        return ""

    def _refusal(self, at: Moment, duty: int, now: Moment) -> str:
        if now.mono_ms - at.mono_ms > GUARD_ANSWER_S * 1000:
            return BUSY  # the guard was told so meanwhile
        return self._duty.refusal(duty, Task.DECIDE)

    def _shown(self, holder: Holder, now: Moment) -> FoundPerson:
        handle = secrets.token_hex(HANDLE_BYTES)
        self._handles[handle] = (holder.credential.ref, now.mono_ms + HANDLE_MS)
        while len(self._handles) > HANDLES_MAX:
            self._handles.popitem(last=False)
        shown = holder.display
        return FoundPerson(handle, shown.name, shown.room, self._category(holder))

    def _holder(self, handle: str, now: Moment) -> Holder | None:
        ref, until_ms = self._handles.pop(handle, (b"", 0))
        roster = self._roster(now)
        if now.mono_ms >= until_ms or roster is None:
            return None
        try:
            listed = roster.by_reference(ref)
            display = roster.display(ref)
        except StoreError as error:
            _log.error("roster.unreadable", problem=str(error))
            return None
        if listed.person is None:
            return None
        credential = Credential(
            CredentialKind.NONE,
            CredentialState.ACTIVE,
            ref,
            listed_from=listed.credential.start,
            listed_until=listed.credential.end,
        )
        return Holder(credential, listed.person, display, listed.household_statuses)


def _asked_for(roster: Searched, search: Search, person: Person | None) -> list[Holder]:
    if search.room:
        return roster.by_room(*search.room)
    return [] if person is None else _others(roster, person)


def _others(roster: Searched, person: Person) -> list[Holder]:
    """Return who lives with somebody, without themselves."""
    if person.household is None:
        return []
    found = roster.by_household(person.household)
    return [holder for holder in found if holder.credential.ref != person.ref]
