"""The vehicle at the gate: who in it was decided, and whether it may go. Engine thread only.

It lives in memory: a restart gives it up, says so in the record, and the guard stops it once more.
The plate is a pseudonym in the record and masked on the screen; the clear one is gone with the
request that brought it.
"""

from typing import Final

from gated.core import masking, pseudonym
from gated.core.canonical import Json
from gated.core.model import Moment
from gated.core.reports import VehicleAct
from gated.core.vehicle import Occupant, Vehicle
from gated.core.visit import Record
from gated.screen.refusals import (
    LAST_IN_VEHICLE,
    NO_VEHICLE,
    NOT_IN_VEHICLE,
    VEHICLE_THERE,
    VEHICLE_WAITS,
)
from gated.screen.snapshot import OccupantView, VehicleView
from gated.store.journal_reader import JournalReader

FORGOTTEN_MS: Final = 30 * 60_000  # nobody keeps people in a vehicle for longer
LOOK_BACK: Final = 2_000  # rows; of a vehicle that stood there longer ago nobody asks any more


class VehicleDesk:
    """Keeps the vehicle of the moment. site_key: for the pseudonym of its plate."""

    def __init__(self, site_key: bytes) -> None:
        self._site_key = site_key
        self._vehicle: Vehicle | None = None
        self._touched_ms = 0

    def refusal(self, report: VehicleAct) -> str:
        """Return why this cannot be done with the vehicle of the moment, "" when it can."""
        vehicle = self._vehicle
        if report.act == "begin":
            return "" if vehicle is None else VEHICLE_THERE
        if vehicle is None:
            return NO_VEHICLE
        if report.act == "drop":
            return _drop_refusal(vehicle, report.visit)
        return VEHICLE_WAITS if report.act == "pass" and not vehicle.ready else ""

    def fields(self, report: VehicleAct) -> dict[str, Json]:
        """Return what the record says of it; asked before `apply`."""
        if report.act == "begin":
            ref = pseudonym.plate_ref(self._site_key, report.plate)
            return {"act": report.act, "plate_ref": ref.hex(), "people": report.people}
        vehicle = self._vehicle
        assert vehicle is not None, "refused before"
        why: dict[str, Json] = {"reason": report.reason} if report.reason else {}
        if report.act == "drop":
            vehicle, why = vehicle.without(report.visit), {**why, "visit": report.visit}
        return {
            "act": report.act,
            "plate_ref": vehicle.ref.hex(),
            "people": vehicle.people,
            "visits": [one.visit for one in vehicle.occupants],
            **why,
        }

    def apply(self, report: VehicleAct, now: Moment) -> None:
        """The vehicle stands there from now on, or is gone, or somebody in it is."""
        self._touched_ms = now.mono_ms
        if report.act == "drop" and self._vehicle is not None:
            self._vehicle = self._vehicle.without(report.visit)
            return
        if report.act != "begin":
            self._vehicle = None
            return
        ref = pseudonym.plate_ref(self._site_key, report.plate)
        plate = masking.mask_plate(pseudonym.plain(report.plate))
        self._vehicle = Vehicle(ref, plate, report.people)

    def more(self, order: Record) -> dict[str, Json]:
        """Return what this passage says besides while a vehicle stands here."""
        vehicle = self._vehicle
        if vehicle is None or not vehicle.holds(order.visit.number, _who(order)):
            return {}
        return {"plate_ref": vehicle.ref.hex()}

    def decided(self, order: Record, now: Moment) -> None:
        """Somebody was decided: while a vehicle stands here, one of those in it.

        Whoever was let through without showing who they are fills no seat.
        """
        holder, visit, who = order.visit.holder, order.visit.number, _who(order)
        if self._vehicle is None or not who:
            return
        self._touched_ms = now.mono_ms
        seen = Occupant(who, visit, holder.display.name, order.decision.verdict)
        self._vehicle = self._vehicle.decided(seen)

    def measured_again(self, visit: int) -> None:
        """Somebody in it is measured once more: it waits for what comes of that."""
        if self._vehicle is not None:
            self._vehicle = self._vehicle.reopened(visit)

    def forgotten(self, now: Moment) -> bool:
        """Return whether a vehicle nobody asked about for half an hour was given up just now."""
        if self._vehicle is None or now.mono_ms - self._touched_ms < FORGOTTEN_MS:
            return False
        self._vehicle = None
        return True

    @property
    def view(self) -> VehicleView | None:
        """What the screen shows of it, None while there is none."""
        vehicle = self._vehicle
        if vehicle is None:
            return None
        occupants = vehicle.shown()
        shown = tuple(OccupantView(one.name, one.verdict, one.visit) for one in occupants)
        counted = len(vehicle.occupants)
        return VehicleView(vehicle.plate, vehicle.people, shown, vehicle.ready, counted)


def _who(order: Record) -> bytes:
    """Return the pseudonym of whom it is about, or of what they showed; empty for neither."""
    holder = order.visit.holder
    return holder.credential.ref if holder.person is None else holder.person.ref


def _drop_refusal(vehicle: Vehicle, visit: int) -> str:
    if all(one.visit != visit for one in vehicle.occupants):
        return NOT_IN_VEHICLE
    return LAST_IN_VEHICLE if vehicle.people == 1 else ""


def left_standing(reader: JournalReader) -> dict[str, Json] | None:
    """Return what the record of a vehicle that a restart gives up says, None for no vehicle.

    Reads the newest rows of the journal. Raises StoreError.
    """
    told: dict[str, Json] | None = None
    visits: list[Json] = []
    for entry in reader.entries(max(1, reader.state().last + 1 - LOOK_BACK)):
        fields = entry.fields()
        if fields["kind"] == "vehicle" and fields["act"] in ("begin", "drop"):
            told = {"plate_ref": fields["plate_ref"], "people": fields["people"]}
            visits = list(fields.get("visits", []))
        elif fields["kind"] == "vehicle":
            told = None
        elif fields["kind"] == "passage" and told and fields.get("plate_ref") == told["plate_ref"]:
            visits = [*(one for one in visits if one != fields["visit"]), fields["visit"]]
    return None if told is None else {"act": "abandon", "by": "restart", **told, "visits": visits}
