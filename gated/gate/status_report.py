"""When a gate tells everybody how it is, and what it says: on change, and once a minute.

A change waits until GAP_MS after the last message, so that a flapping device cannot flood; less
when somebody at the hub is waiting for it: which list serves, and how far a fetch is. Numbers
that move all the time (backlog, age of the oldest event) are told, but are no change.
"""

from collections.abc import Mapping

from gated.contract.messages import Status

GAP_MS = 5_000
EVERY_MS = 60_000
HURRY_MS = {"roster": 500, "fetching": 2_000}
MOVING = frozenset({"oldest_s"})


class StatusReport:
    """The status messages of one gate; for the uplink's thread."""

    def __init__(self) -> None:
        self._sent: dict[str, object] | None = None
        self._sent_at_ms = 0

    def due_ms(self, fields: Mapping[str, object]) -> int:
        """Return when a message with these fields is due, monotonic ms."""
        now, sent = _lasting(fields), self._sent or {}
        changed = [name for name in {**now, **sent} if now.get(name) != sent.get(name)]
        gaps = (HURRY_MS.get(name, GAP_MS) for name in changed)
        return self._sent_at_ms + min(gaps, default=EVERY_MS)

    def compose(
        self, fields: Mapping[str, object], moving: Mapping[str, object], now_ms: int
    ) -> bytes:
        """Return the body of the message that is sent now. Raises ValueError for odd fields.

        fields, moving: as in contract.messages.Status.
        """
        body = Status.model_validate({"on": True, **fields, **moving}).encode()
        self._sent, self._sent_at_ms = _lasting(fields), now_ms
        return body


def _lasting(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in MOVING}
