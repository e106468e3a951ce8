"""A guard who is busy with a visit is given the time for it. Pure.

While a form or a list of reasons is open for the person on the screen, a CHECK or STOP does not
run out under it. The next person replaces it as ever: only the end by time is put off.
"""

from dataclasses import replace
from typing import Final

from gated.core.model import Verdict
from gated.core.session import Shown, State

AGAIN_MS: Final = 10_000  # the screen says so again within this, or the visit ends
MOST_MS: Final = 300_000  # after the verdict: a dialog nobody closes holds no visit for ever

_WAITING: Final = frozenset({Verdict.CHECK, Verdict.STOP})


def attended(state: State, visit: int, now_ms: int) -> State:
    """Return the state after the guard was seen busy with this visit at `now_ms` (monotonic)."""
    if not isinstance(state, Shown) or visit != state.visit.number:
        return state
    if state.decision.verdict not in _WAITING or now_ms >= state.until_ms:
        return state
    until_ms = min(now_ms + AGAIN_MS, state.shown_ms + MOST_MS)
    return replace(state, until_ms=max(state.until_ms, until_ms))
