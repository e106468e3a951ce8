"""When the people of this gate passed it last, for the guard's eye: own record only.

Kept in memory and filled from the newest journal rows at the start, so a restart forgets little.
What other gates saw is not known here.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from gated.core.model import Direction
from gated.core.text import Text
from gated.store.journal_reader import JournalReader
from gated.texts import Texts

PEOPLE_MAX: Final = 20_000
WARM_ROWS: Final = 2_000  # read at the start: a busy day of one lane
_PASSED: Final = ("ALLOW", "ALLOW_NOTE")


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage of somebody here. utc_ms: as the gate knew it."""

    direction: Direction
    utc_ms: int


class LastPassages:
    """Engine thread only. gate: what people call it."""

    def __init__(self, gate: Text, timezone: ZoneInfo, texts: Texts) -> None:
        self._texts = texts
        self._gate = gate
        self._timezone = timezone
        self._last: OrderedDict[bytes, Passage] = OrderedDict()

    def warm(self, reader: JournalReader) -> None:
        """What the newest rows of the journal say is known. Raises StoreError."""
        last = reader.state().last
        for entry in reader.entries(max(1, last + 1 - WARM_ROWS)):
            fields = entry.fields()
            person, verdict = fields.get("person_ref"), fields.get("verdict")
            if fields["kind"] == "passage" and verdict in _PASSED and isinstance(person, str):
                self.passed(bytes.fromhex(person), Direction(fields["direction"]), fields["t"])

    def passed(self, person: bytes, direction: Direction, utc_ms: int) -> None:
        """Somebody passed; of more than PEOPLE_MAX the ones longest away are forgotten."""
        self._last.pop(person, None)
        self._last[person] = Passage(direction, utc_ms)
        if len(self._last) > PEOPLE_MAX:
            self._last.popitem(last=False)

    def text(self, person: bytes, now: datetime) -> Text | None:
        """Return the guard's line about somebody's last passage here, None for none known."""
        passage = self._last.get(person)
        if passage is None:
            return None
        at = datetime.fromtimestamp(passage.utc_ms / 1000, self._timezone)
        today = at.date() == now.date()
        shown = at.strftime("%H:%M" if today else "%m-%d %H:%M")
        said = self._texts.of("passage", passage.direction.value)
        said = said.filled({"time": Text(shown, shown), "gate": self._gate})
        return Text(said.zh.rstrip(), said.en.rstrip())
