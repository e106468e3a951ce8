"""What a browser gets for an address without a page: a sentence and a way on, not an object.

Programs, which do not ask for HTML, get the same refusal as JSON.
"""

from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from gated.core.text import Text
from gated.screen.refusals import LOG_IN_AGAIN
from gated.texts import Texts

NO_STORE: Final = {"Cache-Control": "no-store"}
HTML: Final = "text/html"
LOGIN: Final = "login.html"


def wants_page(request: Request) -> bool:
    """Return whether a person opened this address in a browser."""
    return HTML in request.headers.get("accept", "")


def missing(request: Request, texts: Texts, why: str = "no_page", do: str = "") -> Response:
    """Return 404; a browser reads why and what to do about it (keys of [page])."""
    if not wants_page(request):
        return JSONResponse({"error": "there is no such page", "field": ""}, status_code=404)
    advice = texts.of("page", do) if do else Text()
    return _page(404, texts.of("page", why), (advice, texts.of("page", "to_screen")), "/")


def log_in_first(request: Request, texts: Texts) -> Response:
    """Return 401; a browser reads where to log in."""
    if not wants_page(request):
        return JSONResponse({"error": LOG_IN_AGAIN, "field": ""}, 401, NO_STORE)
    way = texts.of("page", "log_in")
    return _page(401, texts.of("page", "log_in_needed"), (Text(), way), f"/{LOGIN}")


def _page(status: int, title: Text, lines: tuple[Text, Text], way: str) -> Response:
    advice, link = lines
    said = f"<p>{_both(advice)}</p>" if advice.zh else ""
    body = (
        '<!doctype html><html lang="zh-Hans"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/plain.css">'
        f"<title>gated</title><main><h1>{_both(title)}</h1>{said}"
        f'<p><a href="{way}">{_both(link)}</a></p></main></html>'
    )
    return HTMLResponse(body, status, NO_STORE)


def _both(text: Text) -> str:
    return f'{escape(text.zh)} <span lang="en">{escape(text.en)}</span>'
