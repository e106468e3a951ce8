"""Who may talk to the hub's pages, and what every answer tells the browser.

Every request must name a host we serve, every order must come from a page of ours, and every
answer forbids the browser to load, embed or run anything foreign or inline. Bodies are counted
while they are read.
"""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gated.screen.border import host_names

FORM_MAX: Final = 64 * 1024
UPLOAD_MAX: Final = 32 * 1024 * 1024
"""100,000 people as .xlsx have about 8 MB."""

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
YEAR_S: Final = 365 * 86_400
SAFE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Addresses hold pseudonyms at most; our own pages need to know where a form stood.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STRICT_TRANSPORT: Final = {"Strict-Transport-Security": f"max-age={YEAR_S}"}

# Paths that programs call: a browser names where its order comes from, a gate has no page.
PROGRAM_PATHS: Final = frozenset({"/enrol"})


class BodyTooLarge(Exception):
    """A request's body has more bytes than its page takes."""


def authorities(host: str, port: int, names: Iterable[str], scheme: str) -> frozenset[str]:
    """Return the allowed values of the Host header, in lower case."""
    own = [name.lower() for name in host_names(host, names)]
    found = {f"{name}:{port}" for name in own}
    if port == DEFAULT_PORTS[scheme]:
        found |= set(own)  # browsers leave it out
    return frozenset(found)


class Border:
    """Wraps the application. scheme: `https` when it is served over TLS."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str], scheme: str) -> None:
        self._app = app
        self._allowed = allowed
        self._scheme = scheme
        self._headers = {**SAFE_HEADERS, **(STRICT_TRANSPORT if scheme == "https" else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a stranger; otherwise pass the request on and guard the answer."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        refusal = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        if refusal:
            headers = {"Cache-Control": "no-store"}
            answer = PlainTextResponse(refusal, status_code=403, headers=headers)
            await answer(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _refusal(self, method: str, path: str, headers: Headers) -> str:
        host = headers.get("host", "").lower()
        if host not in self._allowed:
            return "this hub does not answer to that host name; add it to [web] names in hub.toml"
        if method in SAFE_METHODS or path in PROGRAM_PATHS:
            return ""
        if headers.get("origin", "").lower() != f"{self._scheme}://{host}":
            return "orders are taken only from the hub's own pages"
        return ""


def limited(receive: Receive, most: int) -> Receive:
    """Return a receive that raises BodyTooLarge once a body has more than `most` bytes."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                raise BodyTooLarge
        return message

    return counting
