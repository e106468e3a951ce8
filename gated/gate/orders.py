"""Carries a guard's order from the screen's thread to the engine and brings the answer back.

A second person's PIN is checked on the way, and the guard's own words are sealed to the hub: the
engine never waits for a slow hash and never sees what was written.
"""

import queue
from collections.abc import Callable
from dataclasses import replace

from gated.core.canonical import canonical
from gated.core.model import Moment
from gated.gate.events import GuardPressed, Inbox, answer_of
from gated.gate.log_in import LogIn
from gated.screen.actions import Order
from gated.screen.refusals import BUSY, NO_HUB_KEY
from gated.screen.reports import Answer
from gated.store.sealed_box import order_context, seal_to


class OrderIntake:
    """Takes orders on threads of the screen's server. Blocks up to GUARD_ANSWER_S and a PIN.

    hub_public: key of the hub that a guard's own words are sealed to, None for none.
    """

    def __init__(
        self,
        inbox: Inbox,
        log_in: LogIn,
        now: Callable[[], Moment],
        gate: str = "",
        hub_public: bytes | None = None,
    ) -> None:
        self._inbox = inbox
        self._log_in = log_in
        self._now = now
        self._gate = gate
        self._public = hub_public

    def __call__(self, order: Order) -> Answer:
        """Return what became of an order."""
        action = order.action
        if order.text:
            if self._public is None:
                return Answer(NO_HUB_KEY)
            plain = canonical({"text": order.text})
            sealed = seal_to(self._public, plain, order_context(self._gate))
            action = replace(action, note=sealed.hex())
        if order.second is not None:
            checked = self._log_in.second(order.second)
            if checked.guard is None:
                return Answer(checked.refusal, wait_s=checked.wait_s)
            action = replace(action, approver=checked.guard.number)
        answer: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        pressed = GuardPressed(self._now(), action, answer, order.by)
        return Answer(answer_of(self._inbox, pressed, answer, BUSY) or "")
