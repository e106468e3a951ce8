"""Who may talk to the screen's server: this machine's own page, and nobody else's.

Every request must name a host we serve (a page elsewhere that points its own name at 127.0.0.1
is refused), every order must come from our own page, and every answer forbids the browser to load
or embed anything foreign.
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def host_names(host: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names this server answers to: loopback, the address it listens on, and `names`."""
    own = f"[{host}]" if ":" in host else host
    return tuple(dict.fromkeys((*LOOPBACK_NAMES, own, *names)))


class Border:
    """Wraps an application. authorities: the allowed values of the Host header, in lower case."""

    def __init__(self, app: ASGIApp, authorities: frozenset[str]) -> None:
        self._app = app
        self._authorities = authorities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a stranger; otherwise pass the request on and guard the answer."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SAFE_HEADERS)
            await send(message)

        if refusal:
            answer = JSONResponse({"error": refusal, "field": ""}, status_code=403)
            await answer(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> str:
        host = headers.get("host", "").lower()
        if host not in self._authorities:
            return "this screen does not answer to that host name; see [screen] host"
        if method not in {"GET", "HEAD"} and headers.get("origin", "").lower() != f"http://{host}":
            return "orders are taken only from the screen's own page"
        return ""
