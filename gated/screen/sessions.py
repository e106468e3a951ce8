"""Who is logged in on the network: sessions in memory, gone with the process.

A session is a random value that only the browser knows; here stands its SHA-256. It ends after
`lasts_s`, after IDLE_S without an order or a stream, by logging off, and as soon as its guard
leaves the book or gets another PIN or role. When all places are taken, the session that was not
used for longest makes room.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gated.log import logger
from gated.screen.desks import KnownGuard
from gated.screen.feed import FeedFull

SECRET_BYTES = 32
IDLE_S = 30 * 60
SESSIONS_MAX = 32  # a shift, a supervisor, and the phones that were put away
STREAMS_MAX = 2  # a page that loads itself anew overlaps with itself

_log = logger("screen")


@dataclass(slots=True)
class Session:
    """One log-in. key: hash of what the browser holds. token: what its orders carry.

    Monotonic seconds.
    """

    key: bytes
    guard: KnownGuard
    began_s: float
    used_s: float
    token: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES), repr=False)
    streams: int = 0


class Sessions:
    """Opens, finds and ends log-ins; any thread. known: the guard of a number as of now."""

    def __init__(
        self,
        known: Callable[[str], KnownGuard | None],
        lasts_s: float,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._known = known
        self._lasts_s = lasts_s
        self._now_s = now_s
        self._lock = threading.Lock()
        self._sessions: dict[bytes, Session] = {}

    def open(self, guard: KnownGuard) -> tuple[str, Session]:
        """Return what the browser keeps, and the session it stands for."""
        secret, now_s = secrets.token_urlsafe(SECRET_BYTES), self._now_s()
        session = Session(_key(secret), guard, now_s, now_s)
        with self._lock:
            for former in list(self._sessions.values()):
                self._end_if_over(former)
            if len(self._sessions) >= SESSIONS_MAX:
                self._end(min(self._sessions.values(), key=lambda one: one.used_s), "room")
            self._sessions[session.key] = session
            _log.info("screen.session_opened", sessions=len(self._sessions))
        return secret, session

    def find(self, secret: str) -> Session | None:
        """Return the session of a browser's value, None when there is none any more."""
        return self.peek(_key(secret)) if secret else None

    def peek(self, key: bytes) -> Session | None:
        """Return the session if it has not ended; that is no use of it. Reads the book."""
        with self._lock:
            session = self._sessions.get(key)
            return None if session is None or self._end_if_over(session) else session

    def use(self, key: bytes) -> bool:
        """The session was used just now; return whether it still is one."""
        session = self.peek(key)
        if session is not None:
            session.used_s = self._now_s()
        return session is not None

    def close(self, key: bytes) -> None:
        """The session has ended; nothing happens when it had already."""
        with self._lock:
            session = self._sessions.get(key)
            if session is not None:
                self._end(session, "log_off")

    @contextmanager
    def stream(self, key: bytes) -> Iterator[None]:
        """Hold one of the session's streams. Raises FeedFull when all are open."""
        with self._lock:
            session = self._sessions.get(key)
            if session is None or session.streams >= STREAMS_MAX:
                raise FeedFull(
                    f"cannot open another screen: {STREAMS_MAX} are open in this log-in already; "
                    "close one"
                )
            session.streams += 1
        try:
            yield
        finally:
            with self._lock:
                session.streams -= 1

    def _end_if_over(self, session: Session) -> bool:
        by = self._over(session)
        if by:
            self._end(session, by)
        return bool(by)

    def _over(self, session: Session) -> str:
        now_s = self._now_s()
        if now_s - session.began_s >= self._lasts_s:
            return "time"
        if now_s - session.used_s >= IDLE_S:
            return "idle"
        return "" if self._known(session.guard.number) == session.guard else "removed"

    def _end(self, session: Session, by: str) -> None:
        del self._sessions[session.key]
        _log.info("screen.session_ended", by=by)


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
