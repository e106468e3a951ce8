"""The special modes of a gate: who may order them, and when they are over. Pure.

    lockdown        STOP except medical and rescue; begun and ended by two persons
    evacuate        everybody may leave, by anybody who stands there; no log-in
    out_of_service  the device judges nobody, the guard works by hand
    open            the gate is held open for a short time; people are still decided and recorded
    reader_locked   cards and codes are not taken; the guard identifies and decides people by hand

A mode outlasts a restart. Within one boot the monotonic clock ends it; after a reboot wall time
does, if somebody vouches for it. While nobody does, whatever keeps people in or out stands, and a
gate that was held open is not: nobody may be left standing at an open gate by a power cut.
"""

from dataclasses import dataclass
from typing import Final, Literal

from gated.core.model import ClockState, Moment
from gated.core.reports import ModeChange

NORMAL: Final = "normal"
LOCKDOWN: Final = "lockdown"
OPEN: Final = "open"
READER_LOCKED: Final = "reader_locked"
SERVICE: Final = "out_of_service"
EVACUATE: Final = "evacuate"
OPEN_HOURS_MAX: Final = 1
HOUR_MS: Final = 3_600_000

Special = Literal["lockdown", "evacuate", "out_of_service", "open", "reader_locked"]
SPECIALS: Final[tuple[Special, ...]] = (
    *("lockdown", "evacuate", "out_of_service", "open", "reader_locked"),
)
DECIDING: Final = frozenset({OPEN, READER_LOCKED})  # people are decided as ever while these stand
BY_TECHNICIANS: Final = frozenset({SERVICE, READER_LOCKED})  # begun and ended for repairs


@dataclass(frozen=True, slots=True)
class SpecialMode:
    """A mode that stands. since_ms, until_ms: UTC; until_mono_ms counts within boot `boot`.

    until_ms 0: nobody vouched for the clock when it began. guard: staff number of who ordered it.
    under: the lockdown that an evacuation set aside; it stands again afterwards, or one person
    could end it by way of a fire.
    """

    mode: Special
    since_ms: int
    until_ms: int
    until_mono_ms: int
    boot: str
    guard: str = ""
    reason: str = ""
    under: "SpecialMode | None" = None


def needs_second(change: ModeChange, standing: SpecialMode | None) -> bool:
    """Return whether two persons must order this: a lockdown begins, ends or gives way."""
    if change.mode == EVACUATE:
        return False  # a fire does not wait for a supervisor
    locked = standing is not None and standing.mode == LOCKDOWN
    if standing is not None and standing.under is not None and change.mode != NORMAL:
        return True  # another mode in place of the fire would forget the lockdown below it
    return locked or change.mode == LOCKDOWN


def begun(
    change: ModeChange, standing: SpecialMode | None, guard: str, boot: str, now: Moment
) -> SpecialMode | None:
    """Return the mode that stands after this order, None for the normal one."""
    mode = next((one for one in SPECIALS if one == change.mode), None)
    if mode is None:
        return None if standing is None else standing.under
    hours = min(change.hours, OPEN_HOURS_MAX) if mode == OPEN else change.hours
    span_ms = hours * HOUR_MS
    until_ms = 0 if now.clock is ClockState.UNSURE else now.utc_ms + span_ms
    under = None
    if mode == EVACUATE and standing is not None:
        under = standing if standing.mode == LOCKDOWN else standing.under
    return SpecialMode(
        mode, now.utc_ms, until_ms, now.mono_ms + span_ms, boot, guard, change.reason, under
    )


def is_over(standing: SpecialMode, boot: str, now: Moment) -> bool:
    """Return whether the time of this mode is over, as far as anybody can tell."""
    if standing.boot == boot:
        return now.mono_ms >= standing.until_mono_ms
    if now.clock is ClockState.UNSURE or standing.until_ms == 0:
        return standing.mode == OPEN
    return now.utc_ms >= standing.until_ms
