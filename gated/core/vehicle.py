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
    """A vehicle that stands at the gate. ref: pseudonym of its plate; people: said to be in it.

    on_foot: who left it here; whatever is decided about them counts for the vehicle no more.
    """

    ref: bytes
    plate: str
    people: int
    occupants: tuple[Occupant, ...] = ()
    on_foot: tuple[Occupant, ...] = ()

    def decided(self, seen: Occupant) -> "Vehicle":
        """Return the vehicle after this person was decided; a newer verdict replaces the older.

        One person twice, or one visit decided again by the guard, is one occupant.
        """
        if any(_same(one, seen) for one in self.on_foot):
            return self
        others = tuple(one for one in self.occupants if not _same(one, seen))
        return replace(self, occupants=(*others, seen)[-OCCUPANTS_MAX:])

    def without(self, visit: int) -> "Vehicle":
        """Return the vehicle after whoever this visit is about got out: there are fewer in it."""
        gone = tuple(one for one in self.occupants if one.visit == visit)
        return replace(
            self,
            people=self.people - len(gone),
            occupants=tuple(one for one in self.occupants if one.visit != visit),
            on_foot=(*self.on_foot, *gone),
        )

    def holds(self, visit: int, who: bytes) -> bool:
        """Return whether the person of this visit stands here with the vehicle."""
        seen = Occupant(who, visit, "", Verdict.CHECK)
        return not any(_same(one, seen) for one in self.on_foot)

    def shown(self) -> tuple[Occupant, ...]:
        """Return at most SHOWN_MAX of them, in order: who may not pass, and the newest others."""
        others = [one for one in self.occupants if one.verdict in _PASSED]
        holding = [one for one in self.occupants if one.verdict not in _PASSED]
        chosen = {one.visit for one in [*others, *holding][-SHOWN_MAX:]}
        return tuple(one for one in self.occupants if one.visit in chosen)

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


def _same(one: Occupant, seen: Occupant) -> bool:
    """Return whether both are one person, or one visit."""
    return one.visit == seen.visit or bool(seen.who and one.who == seen.who)
