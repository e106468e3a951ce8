"""One rich line per passage in the log; names nobody."""

import time

from gated.core.model import Moment
from gated.core.visit import Event, Record
from gated.gate.recorder import Recorded
from gated.log import logger

_log = logger("engine")


def log_decision(order: Record, recorded: Recorded, event: Event, at: Moment) -> None:
    """The decision is in the log. took_ms: last input -> committed and on the feed."""
    _log.info(
        "passage.decided",
        key=recorded.key,
        verdict=order.decision.verdict.value,
        reasons=",".join(code.value for code in order.decision.reasons),
        credential=order.visit.holder.credential.kind.value,
        visit=order.visit.number,
        input=type(event).__name__,
        recorded=recorded.entry is not None,
        took_ms=round(time.monotonic() * 1000 - at.mono_ms, 1),
    )
