"""What somebody sees of the guard's snapshot, as far as roles differ: pure.

What a health status says is for supervisors: others read "call the station". On the gate's own
screen the role is that of who is on duty there, on the network that of the log-in.

A technician who is logged in on the network looks after the gate and never at people
(docs/screen.md): that view is made by an allow-list, so a new field of the snapshot stays out by
itself. A visit shows as an idle gate. The gate's own screen goes on showing who stands there: the
lane needs it, whoever is on duty.
"""

from dataclasses import replace

from gated.core.duty import DutyRole
from gated.screen.snapshot import Snapshot


def may_see_people(role: str) -> bool:
    """Return whether somebody in this role may see who passes."""
    return role != DutyRole.TECHNICIAN


def seen_by(role: str, snapshot: Snapshot) -> Snapshot:
    """Return what of this snapshot is for this role; "" is the gate's own screen."""
    if not may_see_people(role):
        return _of_the_gate(snapshot)
    verdict = snapshot.verdict
    if verdict is None or not verdict.status or _may_see_status(role or snapshot.duty.role):
        return snapshot
    return replace(snapshot, verdict=replace(verdict, status=()))


def _may_see_status(role: str) -> bool:
    return role == DutyRole.SUPERVISOR


def _of_the_gate(snapshot: Snapshot) -> Snapshot:
    fault = snapshot.mode == "fault"
    return Snapshot(
        gate=snapshot.gate,
        language=snapshot.language,
        clock=snapshot.clock,
        duty=snapshot.duty,
        link=snapshot.link,
        mode="fault" if fault else "idle",
        fault=snapshot.fault if fault else None,
        health=snapshot.health,
        banner=snapshot.banner,
        message=snapshot.message,
        special=snapshot.special,
        round=snapshot.round,
        station=snapshot.station,
        notice=snapshot.notice,
        tips=snapshot.tips,
        panel=snapshot.panel,
    )
