"""Who may talk to the screen's servers: their own page, and nobody else's.

Every request must name a host we serve (a page elsewhere that points its own name at 127.0.0.1
is refused), every order must come from our own page, and every answer forbids the browser to load
or embed anything foreign.
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}
YEAR_S = 365 * 86_400
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
)
SAFE_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY + "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STRICT_TRANSPORT = {"Strict-Transport-Security": f"max-age={YEAR_S}"}


def host_names(host: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names this server answers to: loopback, the address it listens on, and `names`."""
    own = f"[{host}]" if ":" in host else host
    return tuple(dict.fromkeys((*LOOPBACK_NAMES, own, *names)))


def authorities(host: str, port: int, names: Iterable[str], scheme: str) -> frozenset[str]:
    """Return the allowed values of the Host header, in lower case.

    On a network loopback is no name of ours: a browser told there to come by TLS for a year
    would no longer open the kiosk's page under that name.
    """
    own = [name.lower() for name in host_names(host, names)]
    if scheme == "https":
        given = {host.lower(), f"[{host}]".lower(), *(name.lower() for name in names)}
        own = [name for name in own if name in given]
    found = {f"{name}:{port}" for name in own}
    if port == DEFAULT_PORTS[scheme]:
        found |= set(own)  # browsers leave it out
    return frozenset(found)


def framing(lanes: tuple[str, ...]) -> dict[str, str]:
    """Return the headers that let the screens at these addresses show each other side by side."""
    if not lanes:
        return {}
    listed = " ".join(lanes)
    policy = f"{CONTENT_POLICY}frame-src {listed}; frame-ancestors {listed}"
    return {"Content-Security-Policy": policy}


class Border:
    """Wraps an application. allowed: the values of the Host header, in lower case.

    scheme: `https` when it is served over TLS. section: where host names are configured. lanes:
    addresses of the screens that may stand beside this one in a page.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed: frozenset[str],
        scheme: str,
        section: str = "[screen]",
        lanes: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._allowed = allowed
        self._scheme = scheme
        self._section = section
        self._headers = {**SAFE_HEADERS, **(STRICT_TRANSPORT if scheme == "https" else {})}
        self._headers |= framing(lanes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a stranger; otherwise pass the request on and guard the answer."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        if refusal:
            answer = JSONResponse({"error": refusal, "field": ""}, status_code=403)
            await answer(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> str:
        host = headers.get("host", "").lower()
        if host not in self._allowed:
            return f"this screen does not answer to that host name; see {self._section} names"
        own = f"{self._scheme}://{host}"
        if method not in {"GET", "HEAD"} and headers.get("origin", "").lower() != own:
            return "orders are taken only from the screen's own page"
        return ""
