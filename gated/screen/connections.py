"""How long and how many: limits on connections of strangers, below any log-in.

A port for the network is reached by machines that never finish a handshake or a request. Each
peer holds few connections, all together hold no more than the port has, and a connection without
a whole request is closed after a while. The limits act in the server's own loop thread.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_RECEIVED = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)


class LimitedSocket(socket.socket):
    """A listening socket that takes over `plain` and closes what comes above the limits.

    total: connections that may be open at once; per_peer: of them from one address.
    """

    def __init__(self, plain: socket.socket, total: int, per_peer: int) -> None:
        super().__init__(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self._total = total
        self._per_peer = per_peer
        self._held: Counter[str] = Counter()

    def accept(self) -> tuple[socket.socket, Any]:
        """Return a connection within the limits; ConnectionAbortedError: it was closed instead."""
        plain, address = super().accept()
        peer = str(address[0])
        if self._held.total() >= self._total or self._held[peer] >= self._per_peer:
            plain.close()
            raise ConnectionAbortedError("as many connections as allowed are open already")
        self._held[peer] += 1
        return _HeldSocket(plain, lambda: self._let_go(peer)), address

    def _let_go(self, peer: str) -> None:
        self._held[peer] -= 1
        if not self._held[peer]:
            del self._held[peer]  # addresses are not collected


class _HeldSocket(socket.socket):
    """A connection that gives its place back when it is closed."""

    def __init__(self, plain: socket.socket, let_go: Callable[[], None]) -> None:
        super().__init__(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self._let_go: Callable[[], None] | None = let_go

    def close(self) -> None:
        """Close it; may be called twice."""
        super().close()
        let_go, self._let_go = self._let_go, None
        if let_go is not None:
            let_go()


def punctual(request_s: float) -> type[asyncio.Protocol]:
    """Return a protocol for uvicorn: a connection without a whole request is cut off.

    request_s: from the connection, or from the first byte of a later request, to the last byte of
    headers and body. An idle connection between two requests is uvicorn's to close.
    """

    class Punctual(H11Protocol):
        _limit: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast("asyncio.Transport", transport))
            self._limit = self.loop.call_later(request_s, self.transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def handle_events(self) -> None:
            super().handle_events()
            idle = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
            if idle or self.conn.their_state in _RECEIVED:
                self._disarm()
            elif self._limit is None and not self.transport.is_closing():
                self._limit = self.loop.call_later(request_s, self.transport.abort)

        def _disarm(self) -> None:
            if self._limit is not None:
                self._limit.cancel()
                self._limit = None

    return Punctual


class HandshakeLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers end a TLS handshake that takes longer than `handshake_s`."""

    handshake_s = 10.0

    async def create_server(self, *args: Any, **kwargs: Any) -> Any:
        """As the loop's own; uvicorn has no setting for the handshake."""
        if kwargs.get("ssl") is not None:
            kwargs.setdefault("ssl_handshake_timeout", self.handshake_s)
        return await super().create_server(*args, **kwargs)


def loop_with(handshake_s: float) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return a factory of such loops."""

    def made() -> asyncio.AbstractEventLoop:
        loop = HandshakeLoop()
        loop.handshake_s = handshake_s
        return loop

    return made
