"""`gated scan`: decodes pictures through the same code as camera frames."""

import json as json_format
import time
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from gated.cli.outcome import EXIT_NOT, complain

Corners = tuple[tuple[int, int], ...]


class _Code(Protocol):
    """What the decoder finds, as far as it is printed."""

    @property
    def text(self) -> str: ...
    @property
    def engine(self) -> str: ...
    @property
    def corners(self) -> Corners: ...


class _Decoder(Protocol):
    def read_file(self, path: Path) -> tuple[_Code, ...]: ...


def scan(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Pictures to decode.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object per picture.")] = False,
) -> None:
    """Print every QR code in these pictures, in the order of the pictures.

    Exit 0 when every picture could be opened, with or without a code in it; else 1.
    """
    from gated.gate.devices import picture_decoder

    try:
        decoder: _Decoder = picture_decoder()
    except OSError as error:
        complain(f"cannot scan: {error}")
        raise typer.Exit(EXIT_NOT) from error
    rows = [_scanned(decoder, image, as_json=json) for image in images]
    if not all(rows):
        raise typer.Exit(EXIT_NOT)


def _scanned(decoder: _Decoder, image: Path, *, as_json: bool) -> bool:
    """Print the codes of one picture; return whether it could be opened."""
    begin_s = time.monotonic()
    try:
        codes = decoder.read_file(image)
    except (OSError, ValueError) as error:
        problem = _problem(error).removeprefix(f"picture {image.name}: ")
        if as_json:
            _print_json({"file": str(image), "error": problem})
        else:
            complain(f"{_one_line(str(image))}: {_one_line(problem)}")
        return False
    took_ms = round((time.monotonic() - begin_s) * 1000)
    if as_json:
        found = [{"text": c.text, "engine": c.engine, "corners": c.corners} for c in codes]
        _print_json({"file": str(image), "codes": found, "ms": took_ms})
    else:
        for line in [_line(code) for code in codes] or ["no code"]:
            print(f"{_one_line(str(image))}: {line}", flush=True)
    return True


def _line(code: _Code) -> str:
    xs, ys = [x for x, _ in code.corners], [y for _, y in code.corners]
    place = f"{min(xs)},{min(ys)}-{max(xs)},{max(ys)}"
    return f"{_one_line(code.text)}  ({code.engine}, {place})"


def _problem(error: OSError | ValueError) -> str:
    """Return what is wrong with the picture and what to do, without its name."""
    if isinstance(error, IsADirectoryError):
        return "a folder, not a picture; name the pictures in it"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be opened: {error.strerror.lower()}"
    return str(error)


def _one_line(text: str) -> str:
    """Return the text with control characters visible: a code must not drive the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _print_json(row: dict[str, Any]) -> None:
    print(json_format.dumps(row), flush=True)
