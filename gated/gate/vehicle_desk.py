"""The vehicle at the gate: who in it was decided, and whether it may go. Engine thread only.

It lives in memory: after a restart the guard stops it once more. The plate is a pseudonym in the
record and masked on the screen; the clear one is gone with the request that brought it.
"""

from typing import Final

from gated.core import masking, pseudonym
from gated.core.canonical import Json
from gated.core.model import Moment
from gated.core.reports import VehicleAct
from gated.core.vehicle import SHOWN_MAX, Occupant, Vehicle
from gated.core.visit import Record
from gated.screen.snapshot import OccupantView, VehicleView

NO_VEHICLE: Final = "no_vehicle"
VEHICLE_THERE: Final = "vehicle_there"
VEHICLE_WAITS: Final = "vehicle_waits"
FORGOTTEN_MS: Final = 30 * 60_000  # nobody keeps people in a vehicle for longer


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
        return VEHICLE_WAITS if report.act == "pass" and not vehicle.ready else ""

    def fields(self, report: VehicleAct) -> dict[str, Json]:
        """Return what the record says of it; asked before `apply`."""
        if report.act == "begin":
            ref = pseudonym.plate_ref(self._site_key, report.plate)
            return {"act": report.act, "plate_ref": ref.hex(), "people": report.people}
        vehicle = self._vehicle
        assert vehicle is not None, "refused before"
        return {
            "act": report.act,
            "plate_ref": vehicle.ref.hex(),
            "people": vehicle.people,
            "visits": [one.visit for one in vehicle.occupants],
        }

    def apply(self, report: VehicleAct, now: Moment) -> None:
        """The vehicle stands there from now on, or is gone."""
        self._touched_ms = now.mono_ms
        if report.act != "begin":
            self._vehicle = None
            return
        ref = pseudonym.plate_ref(self._site_key, report.plate)
        plate = masking.mask_plate(pseudonym.plain(report.plate))
        self._vehicle = Vehicle(ref, plate, report.people)

    def more(self) -> dict[str, Json]:
        """Return what a passage says besides while a vehicle stands here."""
        return {} if self._vehicle is None else {"plate_ref": self._vehicle.ref.hex()}

    def decided(self, order: Record, now: Moment) -> None:
        """Somebody was decided: while a vehicle stands here, one of those in it.

        Whoever was let through without showing who they are fills no seat.
        """
        holder, visit = order.visit.holder, order.visit.number
        who = holder.credential.ref if holder.person is None else holder.person.ref
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
        newest = vehicle.occupants[-SHOWN_MAX:]
        shown = tuple(OccupantView(one.name, one.verdict) for one in newest)
        counted = len(vehicle.occupants)
        return VehicleView(vehicle.plate, vehicle.people, shown, vehicle.ready, counted)
