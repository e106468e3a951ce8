"""The guard's screen as a small web server: one page, one stream of snapshots, one way to order.

    GET  /            the page, and its files beside it      GET /events    server-sent events
    POST /act         a GuardAction                          GET /snapshot  the newest snapshot
    POST /report      a Report                               GET /healthz   whether all is alive
    POST /login       a staff number and a PIN               GET /guards    who may log in

`ScreenServer.bind` opens the port in the caller's thread, so that a taken port ends the program
before any thread starts; `run` serves in a thread of its own until it is told to stop.
Everything the page needs is read once at construction; no request touches the disk.
"""

import asyncio
import contextlib
import hashlib
import importlib.resources
import ipaddress
import json
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gated.core.reports import Report
from gated.errors import GatedError
from gated.screen.actions import (
    BODY_MAX,
    ActionRejected,
    Credentials,
    Order,
    fields_of,
    parse_credentials,
    parse_order,
)
from gated.screen.border import Border, host_names
from gated.screen.feed import BEAT_S, Feed, FeedFull, Published, Watcher
from gated.screen.reports import REPORT_BODY_MAX, Answer, SentReport, parse_report
from gated.screen.snapshot import Language

TakeOrder = Callable[[Order], Answer]
TakeReport = Callable[[Report, int], Answer]


class LogInDesk(Protocol):
    """Who may log in, and the log-in itself."""

    def guards(self) -> list[dict[str, str]]:
        """Return number, masked name and role of each guard."""

    def log_in(self, who: Credentials) -> Answer:
        """Return what came of a log-in. Blocks for tenths of a second."""


STOP_POLL_S = 0.2  # how late a stop may be noticed
CLOSE_S = 2  # what an open stream gets to end by itself
HTTP_PORT = 80  # browsers leave it out of the Host header
RETRY_MS = 1000  # how soon a page that lost the stream asks again
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class ScreenUnavailable(GatedError, OSError):
    """The screen's port cannot be opened: taken, privileged, or no such address; exit 69."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page as it goes out. tag: a strong validator of its bytes."""

    body: bytes
    kind: str
    tag: str


def load_page(language: Language) -> dict[str, PageFile]:
    """Return the page's files by name; the first page starts in `language`."""
    files = {}
    for entry in importlib.resources.files("gated.screen").joinpath("page").iterdir():
        kind = TYPES.get("." + entry.name.rpartition(".")[2])
        if kind is None:
            continue
        body = entry.read_bytes()
        if entry.name == "index.html":
            body = body.replace(b'data-language="zh"', f'data-language="{language}"'.encode(), 1)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        files[entry.name] = PageFile(body, kind, tag)
    return files


def _age_ms(published: Published) -> int:
    return round((time.monotonic() - published.at_s) * 1000)


def beat_event(published: Published, age_ms: int, page: str) -> bytes:
    """Return the heartbeat: the newest number, its age, and the local time that makes it now.

    page: which edition of the page this server has; an older page loads itself anew.
    """
    clock = datetime.fromisoformat(published.snapshot.clock.iso) + timedelta(milliseconds=age_ms)
    data = {"number": published.number, "age_ms": age_ms, "clock": clock.isoformat()}
    data["page"] = page
    return f"event: beat\ndata: {json.dumps(data)}\n\n".encode()


def snapshot_event(published: Published) -> bytes:
    """Return the snapshot as one server-sent event whose id is its number."""
    head = f"id: {published.number}\nevent: snapshot\ndata: ".encode()
    return head + published.snapshot.to_json() + b"\n\n"


class ScreenServer:
    """Serves one feed on one port.

    act: takes a guard's order on a thread of the server's pool and returns within a second or two;
    a refusal is a word (`visit_over`, `not_offered`, `busy`) or a sentence.
    report, log_in: likewise for reports and log-ins; None: this screen takes none.
    names: further host names the page is opened under; loopback and `host` always count.
    """

    def __init__(
        self,
        feed: Feed,
        host: str,
        port: int,
        act: TakeOrder,
        language: Language = "zh",
        *,
        names: tuple[str, ...] = (),
        report: TakeReport | None = None,
        log_in: LogInDesk | None = None,
    ) -> None:
        self._feed = feed
        self._report = report
        self._log_in = log_in
        self._host = host
        self._port = port
        self._act = act
        self._names = names
        self._page = load_page(language)
        tags = "".join(file.tag for _name, file in sorted(self._page.items()))
        self._edition = hashlib.sha256(tags.encode()).hexdigest()[:16]
        self._socket: socket.socket | None = None
        self._watchers: set[Watcher] = set()

    @property
    def port(self) -> int:
        """The port in use; the configured one until `bind` (0 means any free one)."""
        return self._port

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = "127.0.0.1" if _is_wildcard(self._host) else self._host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}/"

    def bind(self) -> None:
        """Open the port. Raises ScreenUnavailable; a second call does nothing."""
        if self._socket is not None:
            return
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._socket = socket.create_server((self._host, self._port), family=family)
        except (OSError, OverflowError) as error:
            raise ScreenUnavailable(
                f"cannot open the guard's screen on {self._host} port {self._port}: {error}; "
                "stop the program that holds it or change [screen] host and port"
            ) from error
        self._port = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back. May be called twice; `run` does it at its end."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set, then end every stream and return. Blocks; own thread."""
        self.bind()
        try:
            asyncio.run(self._serve(stop))
        finally:
            self.close()

    async def _serve(self, stop: threading.Event) -> None:
        # uvicorn reports each malformed request as a warning; strangers do not fill our log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        config = uvicorn.Config(
            self.app(),
            http="h11",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=CLOSE_S,
        )
        server = uvicorn.Server(config)
        assert self._socket is not None, "run binds first"
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        while not stop.is_set() and not serving.done():
            await asyncio.wait({serving}, timeout=STOP_POLL_S)
        server.should_exit = True
        for watcher in self._watchers:
            watcher.close()
        await serving
        assert stop.is_set(), "the web server ended without being told to"

    def app(self) -> ASGIApp:
        """Return the application for the port now in use."""
        routes = [
            Route("/", self._file),
            Route("/events", self._events),
            Route("/snapshot", self._snapshot),
            Route("/healthz", self._healthz),
            Route("/act", self._take, methods=["POST"]),
            Route("/report", self._take_report, methods=["POST"]),
            Route("/login", self._take_log_in, methods=["POST"]),
            Route("/guards", self._guards),
            Route("/{name}", self._file),
        ]
        names = host_names(self._host, self._names)
        authorities = {f"{name}:{self._port}".lower() for name in names}
        if self._port == HTTP_PORT:
            authorities |= {name.lower() for name in names}
        return Border(Starlette(routes=routes), frozenset(authorities))

    async def _file(self, request: Request) -> Response:
        file = self._page.get(request.path_params.get("name", "index.html"))
        if file is None:
            return JSONResponse({"error": "there is no such page", "field": ""}, status_code=404)
        headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.body, headers={**headers, "Content-Type": file.kind})

    async def _snapshot(self, _request: Request) -> Response:
        latest = self._feed.latest()
        headers = {"Cache-Control": "no-store", "X-Snapshot-Number": str(latest.number)}
        return Response(latest.snapshot.to_json(), headers=headers, media_type="application/json")

    async def _healthz(self, _request: Request) -> Response:
        latest = self._feed.latest()
        alive = self._feed.alive()
        facts = {
            "ok": alive,
            "number": latest.number,
            "age_ms": _age_ms(latest),
            "watchers": self._feed.watchers(),
        }
        return JSONResponse(facts, status_code=200 if alive else 503)

    async def _events(self, _request: Request) -> Response:
        watcher = Watcher(self._feed)
        entered = contextlib.ExitStack()
        try:
            entered.enter_context(watcher)
        except FeedFull as error:
            return JSONResponse({"error": str(error), "field": ""}, status_code=503)
        self._watchers.add(watcher)
        entered.callback(self._watchers.discard, watcher)
        return _EventStream(self._stream(watcher), entered)

    async def _stream(self, watcher: Watcher) -> AsyncIterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode()
        held: Published | None = None
        first = True
        while not watcher.closed:
            newer = await watcher.newer(BEAT_S)
            held = newer or held
            if not self._feed.alive():
                # No old verdict for a page that just came back. The comment is no heartbeat, it
                # only keeps a dead connection from going unnoticed.
                yield b": no engine\n\n"
                continue
            if held is not None:
                yield snapshot_event(held)
                held = None
            if newer is None or first:
                latest = self._feed.latest()
                yield beat_event(latest, _age_ms(latest), self._edition)
            first = False

    async def _guards(self, _request: Request) -> Response:
        listed = self._log_in.guards() if self._log_in else []
        return JSONResponse({"guards": listed}, headers={"Cache-Control": "no-store"})

    async def _take(self, request: Request) -> Response:
        return await self._answered(request, BODY_MAX, lambda body: self._act(parse_order(body)))

    async def _take_report(self, request: Request) -> Response:
        return await self._answered(
            request, REPORT_BODY_MAX, lambda body: self._reported(parse_report(body)), recorded=True
        )

    async def _take_log_in(self, request: Request) -> Response:
        return await self._answered(
            request, BODY_MAX, lambda body: self._logged_in(parse_credentials(fields_of(body)))
        )

    def _reported(self, sent: SentReport) -> Answer:
        if self._report is None:
            return Answer("not_offered")
        return self._report(sent.report, sent.duty)

    def _logged_in(self, who: Credentials) -> Answer:
        return Answer("not_offered") if self._log_in is None else self._log_in.log_in(who)

    async def _answered(
        self,
        request: Request,
        limit: int,
        take: Callable[[bytes], Answer],
        *,
        recorded: bool = False,
    ) -> Response:
        """Take the body on a thread of the pool: whoever waits there keeps no stream waiting.

        recorded: the answer says whether the record is on the card already.
        """
        body = await _body(request, limit)
        if isinstance(body, Response):
            return body
        try:
            answer = await run_in_threadpool(take, body)
        except ActionRejected as error:
            return _refused(422, error.field, str(error))
        if answer.refusal:
            return _refused(409, "", answer.refusal, answer.wait_s)
        more = {"recorded": answer.recorded} if recorded else {}
        return JSONResponse({"ok": True, **more})


async def _body(request: Request, limit: int) -> bytes | Response:
    """Return the bytes of a JSON request, or the refusal."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return _refused(415, "", "an order is sent as application/json")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return _refused(413, "", f"an order has at most {limit} bytes")
    return body


def _is_wildcard(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_unspecified
    return False


def _refused(
    status: Literal[409, 413, 415, 422], field: str, detail: str, wait_s: int = 0
) -> Response:
    wait = {"wait_s": wait_s} if wait_s else {}
    return JSONResponse({"error": detail, "field": field, **wait}, status_code=status)


class _EventStream(StreamingResponse):
    """A stream that lets go of its watcher however it ends, even before its first byte."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], entered: contextlib.ExitStack) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._entered = entered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the watcher is closed or the page goes away."""
        with self._entered:
            await super().__call__(scope, receive, send)
