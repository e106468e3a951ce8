"""Who presented what: a card's number or a code's text becomes a Holder, or says why not."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from gated.config import GateSection
from gated.core.model import (
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    Display,
    Holder,
    Moment,
)
from gated.core.passes import PassRefused, refused_state, verify
from gated.core.pseudonym import person_ref
from gated.core.trust import TrustTable
from gated.errors import StoreError
from gated.gate.events import CardRejected, CardSeen, CodeSeen
from gated.log import logger

_log = logger("resolver")

_Answer = TypeVar("_Answer")


class RosterLookup(Protocol):
    """What the resolver needs of a roster generation."""

    def by_id_number(self, number: str, others: Sequence[str] = ()) -> Holder:
        """Return the holder of an ID number, person None when it is not on the list."""

    def by_reference(self, prefix: bytes) -> Holder:
        """Return the holder of a pass's person reference, person None when unknown."""

    def display(self, ref: bytes) -> Display:
        """Return what a guard may see of this person, masked."""


class Resolver:
    """Turns credentials into holders against the roster of the moment. Engine thread only.

    direction: which way the lane is passed now; a pass may be for the other one.
    """

    def __init__(self, site_key: bytes, trust: TrustTable, gate: GateSection) -> None:
        self._site_key = site_key
        self._trust = trust
        self._zone = gate.zone
        self.direction = Direction.OUT if gate.direction == "out" else Direction.IN
        self._timezone = ZoneInfo(gate.timezone)
        self.roster: RosterLookup | None = None

    def card(self, seen: CardSeen) -> Holder:
        """Return the holder of a genuine ID card; unknown ones carry person None."""
        ref = person_ref(self._site_key, seen.id_number)
        ends = None if seen.valid_until is None else self._end_of(seen.valid_until)
        found = self._asked(lambda roster: roster.by_id_number(seen.id_number, seen.other_numbers))
        if found is None or found.person is None:
            unknown = Credential(CredentialKind.ID_CARD, CredentialState.UNKNOWN, ref)
            return Holder(unknown)
        listed = found.credential
        credential = Credential(
            CredentialKind.ID_CARD,
            listed.state,
            ref,
            end=ends,
            listed_from=listed.start,
            listed_until=listed.end,
        )
        return self._named(found, credential)

    def code(self, seen: CodeSeen) -> Holder:
        """Return the holder of a code, believed only after its signature."""
        ref = hashlib.sha256(seen.text.encode()).digest()[:16]
        trusted = seen.at.clock is not ClockState.UNSURE
        now_s = seen.at.utc_ms // 1000 if trusted else None
        try:
            verified = verify(
                seen.text,
                self._trust,
                now_s=now_s,
                zone=self._zone,
                direction=self.direction,
            )
        except PassRefused as refused:
            _log.info("pass.refused", detail=str(refused.detail))
            return Holder(Credential(CredentialKind.QR, refused_state(refused), ref))
        start_s, end_s = verified.span
        credential = Credential(
            CredentialKind.QR,
            verified.credential_state,
            verified.claims.pass_id.ljust(16, b"\0"),
            datetime.fromtimestamp(start_s, UTC),
            datetime.fromtimestamp(end_s, UTC),
        )
        found = self._asked(lambda roster: roster.by_reference(verified.claims.person))
        if found is None or found.person is None:
            return Holder(credential)
        listed = found.credential
        bound = replace(credential, listed_from=listed.start, listed_until=listed.end)
        return self._named(found, bound)

    def rejected(self, rejected: CardRejected) -> Holder:
        """Return the holder of a card that could not be read: nobody, and a cue to try again."""
        _log.info("card.rejected", kind=rejected.kind)
        return Holder(Credential(CredentialKind.ID_CARD, CredentialState.UNREADABLE))

    def _named(self, found: Holder, credential: Credential) -> Holder:
        person = found.person
        assert person is not None, "only found people are named"
        display = self._asked(lambda roster: roster.display(person.ref)) or Display()
        return Holder(credential, person, display, found.household_statuses)

    def _asked(self, question: Callable[[RosterLookup], _Answer]) -> _Answer | None:
        """Return the list's answer; None without a list, or with one that cannot be read.

        A damaged list, or one sealed with another site's key, makes people unknown and nameless:
        the guard checks them by hand, and the gate goes on.
        """
        if self.roster is None:
            return None
        try:
            return question(self.roster)
        except StoreError as error:
            _log.error("roster.unreadable", problem=str(error))
            return None

    def _end_of(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time(), self._timezone)


def local(moment: Moment, timezone: ZoneInfo) -> datetime:
    """Return the moment as aware local time of the site."""
    return datetime.fromtimestamp(moment.utc_ms / 1000, timezone)
