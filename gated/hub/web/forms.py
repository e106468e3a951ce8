"""What a form sends, read within its limits and kept in memory: no upload touches the disk."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from gated.hub.web.border import FORM_MAX, UPLOAD_MAX, limited

FIELDS_MAX: Final = 1000
FILES_MAX: Final = 4
MULTIPART: Final = "multipart/form-data"
PLAIN: Final = "application/x-www-form-urlencoded"


class BadForm(Exception):
    """What was sent is no form, or one that is cut off."""


@dataclass
class Body:
    """The fields and files of a form. form: the last value of each field."""

    form: dict[str, str] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, UploadFile] = field(default_factory=dict)


class _InMemory(MultiPartParser):
    spool_max_size = UPLOAD_MAX + 1


async def read_form(request: Request, *, files_max: int = FILES_MAX) -> Body:
    """Return the request's form. Raises BodyTooLarge while reading, and BadForm.

    Every text can be stored: one with a zero byte or half a character is damaged.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    most = UPLOAD_MAX if kind == MULTIPART and files_max else FORM_MAX
    own = Request(request.scope, limited(request.receive, most))
    try:
        async with aclosing(own.stream()) as stream:
            data = await _parser(kind, own, stream, files_max).parse()
    except (MultiPartException, FormParserError, ClientDisconnect, UnicodeError) as error:
        raise BadForm("the form is cut off or damaged") from error
    body = Body()
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            body.files[name] = value
        else:
            body.fields.setdefault(name, []).append(value)
            body.form[name] = value
    texts = [*body.form, *(one for some in body.fields.values() for one in some)]
    texts += [file.filename or "" for file in body.files.values()]
    if not all(map(_storable, texts)):
        for file in body.files.values():
            await file.close()
        raise BadForm("the form holds what is no text")
    return body


def _storable(text: str) -> bool:
    """Return whether databases and UTF-8 can hold the text; odd charsets make such that cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _parser(
    kind: str, request: Request, stream: AsyncGenerator[bytes, None], files_max: int
) -> FormParser | MultiPartParser:
    if kind == PLAIN:
        return FormParser(request.headers, stream, max_fields=FIELDS_MAX)
    if kind == MULTIPART:
        return _InMemory(
            request.headers,
            stream,
            max_files=files_max,
            max_fields=FIELDS_MAX,
            max_part_size=FORM_MAX,
        )
    raise BadForm("a form is sent in another way")
