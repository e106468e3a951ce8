"""What every page hears while it is open: how many items wait, and when a gate changed.

    GET /s/<site>/live     server-sent events: inbox {open}; gates {online, n, rev, mark}

The database is asked every two seconds in a thread; an event goes out when an answer changed, a
beat at least every fifteen. A stream ends when its log-in did.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gated.hub.completeness import FRESH_MS, members
from gated.hub.inbox import Inbox
from gated.hub.office import Office
from gated.hub.published import newest_rev
from gated.hub.roles import Actor, Right
from gated.hub.schema import GATE
from gated.hub.schema_office import COMMAND

WATCHERS_MAX: Final = 64
CHECK_S: Final = 2.0
CHECKS_PER_BEAT: Final = 7
RETRY_MS: Final = 5000
RETRY_FULL_MS: Final = 30_000
SILENT_MS: Final = FRESH_MS
"""A gate that was not heard of for longer is not known to be online."""

FULL: Final = f"retry: {RETRY_FULL_MS}\n\n"
"""What one page too many hears before its stream ends: ask again in a while."""

State = Mapping[str, Mapping[str, object]]


def open_inbox(office: Office, actor: Actor) -> int:
    """Return how many open items of the inbox this actor may see."""
    return Inbox(office).open_count(actor) if actor.may(Right.SEE_INBOX) else 0


def gate_state(office: Office, site: str) -> Mapping[str, object]:
    """Return how many gates are in use and answer, the newest list, and a mark of all the rest.

    A gate that joined and never came is one that does not answer. mark: another one when a page
    about the gates should be drawn anew.
    """
    silent_ms = office.utc_ms() - SILENT_MS
    member = members(site, alone=len(office.sites) == 1)
    gates = (
        select(
            member.c.gate,
            GATE.c.online,
            (GATE.c.seen_ms < silent_ms).label("silent"),
            GATE.c.roster_rev,
            GATE.c.backlog,
            GATE.c.status,
            member.c.name,
            member.c.name_en,
        )
        .select_from(member.outerjoin(GATE, GATE.c.gate == member.c.gate))
        .where(member.c.retired_ms.is_(None))
        .order_by(member.c.gate)
    )
    orders = (
        select(COMMAND.c.state, func.count(), func.max(COMMAND.c.created_ms))
        .where(COMMAND.c.site == site)
        .group_by(COMMAND.c.state)
        .order_by(COMMAND.c.state)
    )
    with office.database.reading() as connection:
        rows = [tuple(row) for row in connection.execute(gates)]
        rest = [tuple(row) for row in connection.execute(orders)]
        rev = newest_rev(connection, office.site(site).roster)
    online = sum(1 for row in rows if row[1] and not row[2])
    mark = hashlib.sha256(repr((rows, rest, rev)).encode()).hexdigest()[:16]
    return {"online": online, "n": len(rows), "rev": rev, "mark": mark}


def state(office: Office, actor: Actor) -> State:
    """Return what a page should show now, by name of its event."""
    found: dict[str, Mapping[str, object]] = {}
    if actor.may(Right.SEE_INBOX):
        found["inbox"] = {"open": open_inbox(office, actor)}
    if actor.may(Right.SEE_GATES):
        found["gates"] = gate_state(office, actor.site)
    return found


class Live:
    """Counts who listens and ends all streams; used on the server's loop only."""

    def __init__(self) -> None:
        self._watching = 0
        self._closing = asyncio.Event()

    @property
    def watching(self) -> int:
        """How many pages listen."""
        return self._watching

    def close(self) -> None:
        """Every stream ends soon."""
        self._closing.set()

    def enter(self) -> bool:
        """Return whether one more may listen, and count it."""
        if self._watching >= WATCHERS_MAX:
            return False
        self._watching += 1
        return True

    def leave(self) -> None:
        """One that entered listens no more."""
        self._watching -= 1

    async def events(self, look: Callable[[], State | None]) -> AsyncIterator[bytes]:
        """Yield events until closed or until `look` returns None.

        look: the state now, None when the log-in ended; called in a thread.
        """
        yield f"retry: {RETRY_MS}\n\n".encode()
        held: State = {}
        quiet = 0
        while not self._closing.is_set():
            now = await run_in_threadpool(look)
            if now is None:
                return
            changed = [name for name in now if held.get(name) != now[name]]
            for name in changed:
                yield f"event: {name}\ndata: {json.dumps(now[name])}\n\n".encode()
            quiet = 0 if changed else quiet + 1
            if quiet >= CHECKS_PER_BEAT:
                quiet = 0
                yield b"event: beat\ndata: {}\n\n"
            held = now
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(CHECK_S):
                await self._closing.wait()
        except TimeoutError:
            return


class LiveResponse(StreamingResponse):
    """A stream of one that entered; it leaves however the stream ends."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, look: Callable[[], State | None]) -> None:
        super().__init__(live.events(look), headers={"Cache-Control": "no-store"})
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream is closed or the page goes away."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.leave()
