"""What a page may ask besides watching: who lives where, and how the shift went so far.

Names are masked and rooms hide the door before they get here; a summary holds counts only.
"""

from dataclasses import asdict, dataclass, field

from gated.core.model import Verdict
from gated.core.text import Text


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody a guard may say stands at the gate. pick: a handle that lives two minutes."""

    pick: str
    name: str
    room: str
    category: Text


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found. refusal: a word why nobody was looked for, "" when somebody was."""

    people: tuple[FoundPerson, ...] = ()
    refusal: str = ""

    def told(self) -> dict[str, object]:
        """Return the answer as JSON values."""
        return {"people": [asdict(person) for person in self.people]}


@dataclass(frozen=True, slots=True)
class Summary:
    """A spell of duty in counts. since: local, "08:00".

    passages: visits by their newest verdict. manual, refused: orders of guards; unanswered: checks
    nobody answered in time; backlog: records the hub has not acknowledged.
    """

    since: str = ""
    passages: dict[str, int] = field(default_factory=lambda: {one.value: 0 for one in Verdict})
    manual: int = 0
    refused: int = 0
    calls: int = 0
    registrations: int = 0
    anomalies: int = 0
    notes: int = 0
    rounds: int = 0
    unanswered: int = 0
    backlog: int = 0
    faults: tuple[Text, ...] = ()

    def told(self) -> dict[str, object]:
        """Return the answer as JSON values."""
        return asdict(self)
