"""What gates sealed to the hub, read into one-line texts: a registration of somebody. Pure.

Gates of every age seal, so nothing here trusts a field's type.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from gated.core.masking import mask_name, mask_phone, mask_room, without_unseen

TEXT_MAX: Final = 500
COMPANIONS_MAX: Final = 99


@dataclass(frozen=True, slots=True)
class Registration:
    """Somebody who was not on the list, as the guard wrote them down, in clear.

    form: `visitor` or `returnee`. to: building-unit-room.
    """

    id: int
    gate: str
    t_ms: int
    form: str
    direction: str
    name: str = field(repr=False)
    document_kind: str = field(repr=False)
    document_number: str = field(repr=False)
    phone: str = field(repr=False)
    came_from: str = field(repr=False)
    to: str = field(repr=False)
    reason: str = field(repr=False)
    plate: str = field(repr=False)
    companions: int = 0

    @property
    def room(self) -> tuple[str, str, str]:
        """Building, unit and room of `to`; missing parts are empty."""
        building, unit, room = (*self.to.split("-", 2), "", "", "")[:3]
        return building, unit, room

    @property
    def masked(self) -> str:
        """Return one line for people who may not read it all."""
        shown = (mask_name(self.name), mask_room(*self.room), mask_phone(self.phone))
        return " · ".join(part for part in shown if part)


def registration_of(
    number: int, gate: str, t_ms: int, form: str, direction: str, said: dict[str, Any]
) -> Registration:
    """Return what a gate sealed as a registration."""
    companions = said.get("companions")
    counted = isinstance(companions, int) and 0 <= companions <= COMPANIONS_MAX
    return Registration(
        id=number,
        gate=gate,
        t_ms=t_ms,
        form=form,
        direction=direction,
        name=line_of(said, "name"),
        document_kind=line_of(said, "document_kind"),
        document_number=line_of(said, "document_number"),
        phone=line_of(said, "phone"),
        came_from=line_of(said, "from", TEXT_MAX),
        to=line_of(said, "to"),
        reason=line_of(said, "reason", TEXT_MAX),
        plate=line_of(said, "plate"),
        companions=int(said["companions"]) if counted else 0,
    )


def line_of(said: dict[str, Any], name: str, limit: int = 64) -> str:
    """Return a field as one line of text, without what no line holds."""
    value = said.get(name)
    if not isinstance(value, str):
        return ""
    return " ".join(without_unseen(value).split())[:limit]
