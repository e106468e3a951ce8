"""People in one vehicle: each is identified and measured, and they pass together. Pure."""

from dataclasses import dataclass, replace

from gated.core.model import Verdict

OCCUPANTS_MAX = 60  # as many as a bus may be said to hold
SHOWN_MAX = 8  # the newest ones; the count says how many there are
_PASSED = frozenset({Verdict.ALLOW, Verdict.ALLOW_NOTE})


@dataclass(frozen=True, slots=True)
class Occupant:
    """Somebody in the vehicle. who: pseudonym of person or credential; name: masked."""

    who: bytes
    visit: int
    name: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle that stands at the gate. ref: pseudonym of its plate; people: said to be in it."""

    ref: bytes
    plate: str
    people: int
    occupants: tuple[Occupant, ...] = ()

    def decided(self, seen: Occupant) -> "Vehicle":
        """Return the vehicle after this person was decided; a newer verdict replaces the older.

        One person twice, or one visit decided again by the guard, is one occupant.
        """
        others = tuple(
            one
            for one in self.occupants
            if one.visit != seen.visit and not (seen.who and one.who == seen.who)
        )
        return replace(self, occupants=(*others, seen)[-OCCUPANTS_MAX:])

    def reopened(self, visit: int) -> "Vehicle":
        """Return the vehicle while the person of this visit is judged once more."""
        occupants = tuple(
            replace(one, verdict=Verdict.CHECK) if one.visit == visit else one
            for one in self.occupants
        )
        return replace(self, occupants=occupants)

    @property
    def ready(self) -> bool:
        """Whether everybody in it is known and may pass: the only state in which it passes."""
        enough = len(self.occupants) >= self.people
        return enough and all(one.verdict in _PASSED for one in self.occupants)
