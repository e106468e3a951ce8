"""A line of the paper ledger that a guard typed in at a gate: opened, and put into the records.

The gate sealed it and knows nothing of it afterwards. Here it lies in the inbox until somebody
adds it to the records (late_entry.py) or answers it otherwise.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from gated.core import id_number
from gated.core.model import Verdict
from gated.hub.audit import Action
from gated.hub.inbox import Inbox, InboxRefused
from gated.hub.inbox_item import Kind
from gated.hub.late_entry import LateEntries, PaperLine
from gated.hub.office import Office
from gated.hub.register import Register
from gated.hub.registration import line_of
from gated.hub.roles import Actor
from gated.store.sealed_box import paper_context

VERDICTS: Final = {"passed": Verdict.ALLOW, "refused": Verdict.STOP}
"""What the outcome on paper counts as; the paper knows no notes and no second looks."""

_NO_TEMPERATURE: Final = -1


@dataclass(frozen=True, slots=True)
class PaperSlip:
    """One line as the guard typed it, in clear. day: ISO; time: "09:12", local at the site.

    temp_mc: thousandths of a degree, None when not written. guard: staff number of who typed it.
    """

    id: int
    gate: str
    number: str
    day: str
    time: str
    direction: str
    outcome: str
    guard: str
    name: str = field(repr=False)
    document: str = field(repr=False)
    phone: str = field(repr=False)
    room: str = field(repr=False)
    temp_mc: int | None = None

    def line(self, zone: ZoneInfo, person: bytes | None) -> PaperLine:
        """Return it as the records take it. person: whom of the register it names.

        Raises InboxRefused when day and time are none.
        """
        try:
            at = datetime.fromisoformat(f"{self.day}T{self.time}").replace(tzinfo=zone)
        except ValueError as error:
            raise InboxRefused(
                f"cannot read item {self.id}: day and time of its line are none; ask the guard and"
                " type the line in under Records"
            ) from error
        return PaperLine(
            gate=self.gate,
            t_ms=round(at.timestamp() * 1000),
            direction=self.direction,
            verdict=VERDICTS.get(self.outcome, ""),
            paper_no=self.number,
            person=person,
            name=self.name,
            document=self.document,
            phone=self.phone,
            temp_mc=self.temp_mc,
            guard=self.guard,
        )


class PaperLines:
    """Opens and enters lines from gates; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._inbox = Inbox(office)

    def open(self, actor: Actor, number: int, reason: str) -> PaperSlip:
        """Return the line, audited with the reason.

        Raises InboxRefused when the actor may not, when it is no line or cannot be opened.
        """
        slip = self._slip(actor, number)
        self._office.audit.note(
            actor, Action.OPEN_PAPER, target=slip.gate, reason=reason, result=f"ok {number}"
        )
        return slip

    def enter(self, actor: Actor, number: int) -> int:
        """The line is a record, audited, and its item answered; return the entry's number.

        Whoever is in the register under the document number is named, everybody else is kept
        sealed. Raises LateEntryRefused or InboxRefused: nothing was stored, the item stays open.
        """
        slip = self._slip(actor, number)
        site = self._office.site(actor.site)
        line = slip.line(site.zone, self._person(site.id, slip.document))
        # Together: an item whose line is entered but that stays open would be refused for ever.
        with self._office.database.writing("enter a line of the inbox") as connection:
            entry = LateEntries(self._office).add(actor, line, within=connection)
            self._inbox.acknowledge(actor, number, within=connection)
        return entry

    def _slip(self, actor: Actor, number: int) -> PaperSlip:
        row, said = self._inbox.opened(actor, number, Kind.PAPER, paper_context)
        return _slip(row, said, self._inbox.item(actor, number).fields.get("guard", ""))

    def _person(self, site: str, document: str) -> bytes | None:
        """Return whom exactly this number means, None when nobody or several have it."""
        wanted = id_number.normalise(document)
        if not wanted:
            return None
        register = Register(self._office)
        entries = register.entries(site, register.find(site, document))
        same = [
            ref
            for ref, entry in entries.items()
            if id_number.normalise(entry.row.id_number or "") == wanted
        ]
        return same[0] if len(same) == 1 else None


def _slip(row: RowMapping, said: dict[str, Any], guard: str) -> PaperSlip:
    temp_mc = said.get("temp_mc")
    known = type(temp_mc) is int and temp_mc != _NO_TEMPERATURE
    return PaperSlip(
        id=row["id"],
        gate=row["gate"],
        number=line_of(said, "number"),
        day=line_of(said, "day"),
        time=line_of(said, "time"),
        direction=line_of(said, "direction"),
        outcome=line_of(said, "outcome"),
        guard=guard,
        name=line_of(said, "name"),
        document=line_of(said, "document_number"),
        phone=line_of(said, "phone"),
        room=line_of(said, "room"),
        temp_mc=temp_mc if known else None,
    )
