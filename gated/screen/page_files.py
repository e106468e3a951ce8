"""The files of the page, read once: no request touches the disk."""

import gzip
import hashlib
import importlib.resources
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from html import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gated import __version__
from gated.core.reasons import REASONS
from gated.screen.snapshot import Language
from gated.texts import Texts, shipped

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
WORDS = "words.js"  # made here, the others are files
SHAPES = "shapes.svg"  # stands in every page that asks for it


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page as it goes out. tag: a strong validator of its bytes.

    packed: the same, compressed with gzip for browsers that take it: a third of the bytes.
    """

    body: bytes
    kind: str
    tag: str
    packed: bytes


def load_page(
    language: Language,
    texts: Texts | None = None,
    folder: str = "page",
    section: str = "page",
    borrowed: Iterable[str] = (),
) -> dict[str, PageFile]:
    """Return the page's files by name; pages start in `language`.

    words.js is made here of a section of `texts`; None: of the shipped ones. borrowed: files of
    other pages that belong to this one too, as "folder/name".
    """
    files = {WORDS: _file(_words(texts or shipped(), section), TYPES[".js"])}
    pages = importlib.resources.files("gated.screen")
    entries = {entry.name: entry for entry in pages.joinpath(folder).iterdir()}
    entries |= {path.rpartition("/")[2]: pages.joinpath(path) for path in borrowed}
    shapes = entries[SHAPES].read_bytes() if SHAPES in entries else b""
    for entry in entries.values():
        suffix = "." + entry.name.rpartition(".")[2]
        kind = TYPES.get(suffix)
        if kind is None:
            continue
        body = entry.read_bytes()
        if suffix == ".html":
            body = body.replace(b'data-language="zh"', f'data-language="{language}"'.encode(), 1)
            body = body.replace(b'data-version=""', f'data-version="{__version__}"'.encode(), 1)
            body = body.replace(b"<!--shapes-->", shapes, 1)
        files[entry.name] = _file(body, kind)
    return files


def with_lanes(files: dict[str, PageFile], lanes: tuple[str, ...]) -> dict[str, PageFile]:
    """Return the files with pair.html showing the screens at these addresses; none: without it."""
    page = files["pair.html"]
    others = {name: file for name, file in files.items() if name != "pair.html"}
    if not lanes:
        return others
    told = escape(" ".join(lanes))
    body = page.body.replace(b'data-lanes=""', f'data-lanes="{told}"'.encode(), 1)
    return {**others, "pair.html": _file(body, page.kind)}


def _file(body: bytes, kind: str) -> PageFile:
    packed = gzip.compress(body, mtime=0)
    return PageFile(body, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"', packed)


def _words(texts: Texts, section: str) -> bytes:
    """Return the page's words as a module; JSON keeps what an operator wrote from being code."""
    words = {key: asdict(text) for key, text in texts.section(section).items()}
    module = f"export const TEXTS = {_told(words)};\n"
    if section == "page":
        # What stands beside a code for whoever looks behind the reason.
        said = {code.value: texts.reason(code).text for code in REASONS}
        codes = {code: asdict(text) for code, text in said.items() if text.zh}
        module += f"export const CODES = {_told(codes)};\n"
    return module.encode()


def _told(words: object) -> str:
    return json.dumps(words, ensure_ascii=False, separators=(",", ":"))


def edition_of(files: dict[str, PageFile]) -> str:
    """Return the edition of the page: another one as soon as any file differs."""
    tags = "".join(file.tag for _name, file in sorted(files.items()))
    return hashlib.sha256(tags.encode()).hexdigest()[:16]


def file_answer(file: PageFile | None, request: Request) -> Response:
    """Return the file, that it has not changed, or that there is none."""
    if file is None:
        return JSONResponse({"error": "there is no such page", "field": ""}, status_code=404)
    headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = file.kind
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.body, headers=headers)
