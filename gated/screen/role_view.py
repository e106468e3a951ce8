"""What a log-in on the network sees of the guard's snapshot, as far as roles differ: pure.

A technician looks after the gate and never at people (docs/screen.md): the view is made by an
allow-list, so a new field of the snapshot stays out by itself. A visit shows as an idle gate.
"""

from gated.core.duty import DutyRole
from gated.screen.snapshot import Snapshot


def may_see_people(role: str) -> bool:
    """Return whether somebody in this role may see who passes."""
    return role != DutyRole.TECHNICIAN


def seen_by(role: str, snapshot: Snapshot) -> Snapshot:
    """Return what of this snapshot is for this role; "" is the gate's own screen."""
    return snapshot if may_see_people(role) else _of_the_gate(snapshot)


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
