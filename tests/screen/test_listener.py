"""The port itself: who stays away holds no place."""

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gated.screen.answers import body_of
from gated.screen.listener import GONE_MS, Listener, ScreenUnavailable
from gated.screen.tls import server_context
from tests.support.certificates import Authority

LIMIT_S = 20.0
SHORT_S = 0.3


def test_a_connection_nobody_acknowledges_is_closed_within_seconds() -> None:
    """A phone that left the network would else keep its stream until TCP gives up."""
    listener = Listener("127.0.0.1", 0, "[screen.network]")
    listener.bind()
    try:
        assert listener._socket is not None
        with socket.create_connection(("127.0.0.1", listener.port)):
            served, _ = listener._socket.accept()
            with served:
                limit = served.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    finally:
        listener.close()
    assert limit == GONE_MS


def test_a_taken_port_names_the_table_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        listener = Listener("127.0.0.1", holder.getsockname()[1], "[screen.network]")
        with pytest.raises(ScreenUnavailable, match=r"change \[screen\.network\] host and port"):
            listener.bind()


async def _take(request: Request) -> Response:
    body = await body_of(request, 100)
    return body if isinstance(body, Response) else JSONResponse({"ok": True})


@contextmanager
def listening(**limits: Any) -> Iterator[Listener]:
    """A real port whose /take answers with what a posted body becomes."""
    listener = Listener("127.0.0.1", 0, "[screen.network]", **limits)
    listener.bind()
    app, stop = Starlette(routes=[Route("/take", _take, methods=["POST"])]), threading.Event()
    thread = threading.Thread(target=listener.run, args=(app, stop, lambda: None))
    thread.start()
    try:
        yield listener
    finally:
        stop.set()
        thread.join(LIMIT_S)
        assert not thread.is_alive()


@contextmanager
def connected(listener: Listener) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", listener.port), LIMIT_S) as opened:
        yield opened


def ended(opened: socket.socket) -> bytes:
    """What still came before the other side closed; a timeout fails the test."""
    came = b""
    with contextlib.suppress(ConnectionResetError):
        while more := opened.recv(4096):
            came += more
    return came


HEAD = b"POST /take HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST /ta", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{", b"\r\n"],
    ids=["silent", "line", "headers", "body", "empty"],
)
def test_a_request_that_never_gets_whole_is_cut_off(
    begun: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    with listening(request_s=SHORT_S) as listener, connected(listener) as opened:
        opened.sendall(begun)
        assert b"200 OK" not in ended(opened)
    assert caplog.text == ""


def test_a_second_request_has_the_same_limit_and_a_whole_one_is_answered() -> None:
    with listening(request_s=SHORT_S) as listener, connected(listener) as opened:
        opened.sendall(WHOLE + HEAD)
        came = ended(opened)
    assert came.count(b"200 OK") == 1


def test_a_handshake_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    tls = server_context(*Authority(tmp_path).issue("gate"))
    with listening(tls=tls, request_s=SHORT_S) as listener, connected(listener) as opened:
        opened.sendall(b"\x16\x03\x01")
        assert ended(opened) == b""


def test_one_address_holds_so_many_connections_and_gets_them_back() -> None:
    with (
        listening(per_peer=2) as listener,
        connected(listener) as first,
        connected(listener) as second,
    ):
        for opened in (first, second):
            opened.sendall(WHOLE)
            assert b"200 OK" in opened.recv(4096)
        with connected(listener) as third:
            assert ended(third) == b""
        first.sendall(WHOLE.replace(b"Host", b"Connection: close\r\nHost"))
        assert b"200 OK" in ended(first)
        with connected(listener) as fourth:
            fourth.sendall(WHOLE)
            assert b"200 OK" in fourth.recv(4096)
