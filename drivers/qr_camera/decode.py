"""Codes in pictures: zxing-cpp first, pyzbar and altered pictures as second looks.

A *look* is one engine on one rendition of the picture. Pictures on disk get every look. Frames
get the first look each; the second looks cost several times as much and are taken only when the
scene changed, the first found nothing and enough frames went by: an empty scene costs a third more
than the first look alone, one that never rests about three times as much (README.md).

pyzbar guesses at character sets (its texts outside ASCII come out wrong), so its answers count
only when they are ASCII, and never where another look already read something.
"""

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from drivers.errors import DeviceUnavailable
from drivers.qr_camera.picture import Grey, open_picture, require_opencv, scaled, subsampled

if TYPE_CHECKING:
    import numpy as np
    import zxingcpp
    from numpy.typing import NDArray

EngineName = Literal["zxing", "pyzbar"]
Choice = Literal["auto", "zxing", "pyzbar"]
Corner: TypeAlias = tuple[int, int]
Corners: TypeAlias = tuple[Corner, Corner, Corner, Corner]

LOOK_PIXELS_MAX = 16_000_000  # a rendition above this is not made; the first look always is
REDUCED_PIXELS = 4_000_000  # larger pictures are brought to this for the second looks
CREDIT_MAX = 18.0  # one whole round of second looks at once after a quiet spell
CHANGED_LEVELS = 10  # grey levels a cell moves before it counts: above noise, below a hand
CHANGED_CELLS = 4  # such cells before the scene counts as changed: above a flying leaf
READS_TO_TRUST = 2  # real readings before an unmoved scene may answer for itself
MISSES_MAX = 3  # frames a look that read the code may fail before it is given up

REMEDY = {
    "zxing": "install the Python package zxing-cpp",
    "pyzbar": "install the Python package pyzbar and the system package libzbar0",
}


@dataclass(frozen=True, slots=True)
class Code:
    """One QR code: its text as encoded, who read it, its corners in pixels of the picture."""

    text: str
    engine: EngineName
    corners: Corners


@dataclass(frozen=True, slots=True)
class EngineState:
    """Whether an engine can be used; if not, why and what to do."""

    name: EngineName
    usable: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One engine on one rendition of the picture. cost: in first looks at the same picture."""

    engine: EngineName
    scale: float = 1.0
    inverted: bool = False
    one_threshold: bool = False  # one threshold for the whole picture instead of local ones
    cost: float = 1.0


PLAIN = Look("zxing")
PYZBAR = Look("pyzbar", cost=7)
PYZBAR_INVERTED = Look("pyzbar", inverted=True, cost=7.5)
ENLARGED = Look("zxing", scale=2, cost=3.5)
FRAME_LOOKS = (ENLARGED, PYZBAR, PYZBAR_INVERTED)
PICTURE_LOOKS = (
    PYZBAR,
    PYZBAR_INVERTED,
    ENLARGED,
    Look("zxing", one_threshold=True),
    Look("zxing", scale=0.7, one_threshold=True),
    Look("zxing", scale=0.5, one_threshold=True),
    Look("zxing", scale=0.5),
    Look("zxing", scale=3),
    Look("pyzbar", scale=0.5),
    Look("pyzbar", scale=2),
)


def live_engines() -> tuple[EngineState, ...]:
    """Return the state of both engines, zxing first. Imports what is not imported yet."""
    return (_state("zxing", "zxingcpp"), _state("pyzbar", "pyzbar.pyzbar"))


def _state(name: EngineName, module: str) -> EngineState:
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: a broken shared library
        return EngineState(name, usable=False, problem=f"{error}; {REMEDY[name]}")
    return EngineState(name, usable=True)


class Decoder:
    """Finds QR codes. One per thread: `read_frame` remembers the scene. Holds no device."""

    def __init__(self, engine: Choice = "auto") -> None:
        """Load the engines. Raises DeviceUnavailable when none of the wanted ones is usable."""
        require_opencv()
        wanted = [state for state in live_engines() if engine in ("auto", state.name)]
        self.engines: tuple[EngineName, ...] = tuple(s.name for s in wanted if s.usable)
        if not self.engines:
            problems = "; ".join(f"{state.name}: {state.problem}" for state in wanted)
            raise DeviceUnavailable(f"no QR decoder can be used: {problems}")
        self._first = PLAIN if "zxing" in self.engines else PYZBAR
        self._second = self._usable(FRAME_LOOKS)
        self._scene: NDArray[np.int16] | None = None  # the last scene that got its second looks
        self._previous: NDArray[np.int16] | None = None
        self._waiting: list[Look] = []
        self._good: _Good | None = None  # the second look that reads the code now in view
        self._credit = CREDIT_MAX

    def read_picture(self, grey: Grey) -> tuple[Code, ...]:
        """Return every code in the picture after all looks, one entry per distinct text.

        grey: uint8[height, width], at least one pixel. Keeps nothing. Takes 10 ms to seconds.
        """
        codes = list(_take(self._first, grey))
        base_scale = min(1.0, (REDUCED_PIXELS / grey.size) ** 0.5)
        base = grey if base_scale == 1.0 else scaled(grey, base_scale)
        for look in self._usable(PICTURE_LOOKS):
            if base.size * look.scale**2 <= LOOK_PIXELS_MAX:
                _add(codes, _stretched(_take(look, base), 1 / base_scale))
        return _distinct(codes)

    def read_file(self, path: Path) -> tuple[Code, ...]:
        """Return every code in the picture in this file.

        Raises OSError when it cannot be read, CorruptData when it is not a picture.
        """
        return self.read_picture(open_picture(path))

    def read_frame(self, grey: Grey) -> tuple[Code, ...]:
        """Return the codes in this frame of the camera, one entry per distinct text.

        grey: uint8[height, width], all frames of one size. At most one second look per frame.
        """
        codes = _distinct(_take(self._first, grey))
        self._credit = min(CREDIT_MAX, self._credit + self._first.cost)
        if codes:
            self._good = None
            return codes
        if self._good is not None:
            return self._look_again(grey, self._good)
        return self._look_closer(grey)

    def _look_again(self, grey: Grey, good: "_Good") -> tuple[Code, ...]:
        """Repeat the look that read the code; where nothing moved since, its answer stands."""
        cells = subsampled(grey).astype("int16")
        if good.reads >= READS_TO_TRUST and not _changed(good.cells, cells):
            return good.codes
        self._credit = max(0.0, self._credit - good.look.cost)
        codes = _distinct(_take(good.look, grey))
        if codes:
            self._good = _Good(good.look, cells, codes, good.reads + 1)
        else:
            good.misses += 1
            if good.misses >= MISSES_MAX:
                self._good = None
        return codes

    def _look_closer(self, grey: Grey) -> tuple[Code, ...]:
        """Take the next second look that this scene still has coming, if its time is there."""
        cells = subsampled(grey).astype("int16")
        still = not _changed(self._previous, cells)
        self._previous = cells
        if _changed(self._scene, cells):
            self._scene = cells
            if not self._waiting:
                self._waiting = list(self._second)
        if not self._waiting or self._credit < self._waiting[0].cost:
            return ()
        if not still and self._credit < CREDIT_MAX:
            return ()  # smeared by motion; wait for the hand to rest
        look = self._waiting.pop(0)
        self._credit -= look.cost
        codes = _distinct(_take(look, grey))
        if codes:
            self._good = _Good(look, cells, codes, 1)
            self._scene, self._waiting = None, []
        return codes

    def _usable(self, looks: Iterable[Look]) -> tuple[Look, ...]:
        return tuple(look for look in looks if look.engine in self.engines and look != self._first)


@dataclass(slots=True)
class _Good:
    """A second look that read a code: the scene it read it in, and how often in a row."""

    look: Look
    cells: "NDArray[np.int16]"
    codes: tuple[Code, ...]
    reads: int
    misses: int = 0


def _changed(before: "NDArray[np.int16] | None", cells: "NDArray[np.int16]") -> bool:
    """Return whether the scene differs; all cells alike is the lamp or the exposure, not it."""
    if before is None or before.shape != cells.shape:
        return True
    moved = cells - before
    moved -= moved.mean().astype("int16")
    return int((abs(moved) > CHANGED_LEVELS).sum()) >= CHANGED_CELLS


def _take(look: Look, grey: Grey) -> tuple[Code, ...]:
    """Return what this look reads, corners in pixels of `grey`."""
    import numpy as np

    picture = _rendition(look, grey)
    if look.engine == "zxing":
        return _stretched(_zxing(np.ascontiguousarray(picture), look), 1 / look.scale)
    return _stretched(_pyzbar(np.ascontiguousarray(picture)), 1 / look.scale)


def _rendition(look: Look, grey: Grey) -> Grey:
    import numpy as np

    picture = grey if look.scale == 1 else scaled(grey, look.scale)
    return np.bitwise_not(picture) if look.inverted else picture


def _zxing(picture: Grey, look: Look) -> tuple[Code, ...]:
    import zxingcpp

    kind, way = zxingcpp.BarcodeFormat, zxingcpp.Binarizer
    found = zxingcpp.read_barcodes(
        picture,
        # QRCode alone would admit Micro and rectangular codes, which invent texts in photographs.
        formats=zxingcpp.BarcodeFormats((kind.QRCodeModel1, kind.QRCodeModel2)),
        try_downscale=True,
        try_invert=True,
        text_mode=zxingcpp.TextMode.Plain,  # the default shows control characters as <GS>
        binarizer=way.GlobalHistogram if look.one_threshold else way.LocalAverage,
    )
    return tuple(Code(str(code.text), "zxing", _zxing_corners(code.position)) for code in found)


def _zxing_corners(place: "zxingcpp.Position") -> Corners:
    a, b, c, d = place.top_left, place.top_right, place.bottom_right, place.bottom_left
    return ((a.x, a.y), (b.x, b.y), (c.x, c.y), (d.x, d.y))


def _pyzbar(picture: Grey) -> tuple[Code, ...]:
    from pyzbar import pyzbar
    from pyzbar.wrapper import ZBarSymbol

    found = pyzbar.decode(picture, symbols=[ZBarSymbol.QRCODE])
    return tuple(
        Code(code.data.decode("ascii"), "pyzbar", _pyzbar_corners(code))
        for code in found
        if code.data.isascii()
    )


def _pyzbar_corners(code: Any) -> Corners:
    points = [(int(point.x), int(point.y)) for point in code.polygon]
    if len(points) != 4:  # noqa: PLR2004 - corners; a hull loses those on one line
        left, top, width, height = (int(edge) for edge in code.rect)
        right, low = left + width, top + height
        return ((left, top), (right, top), (right, low), (left, low))
    a, b, c, d = points
    return (a, b, c, d)


def _stretched(codes: Iterable[Code], factor: float) -> tuple[Code, ...]:
    """Return the codes with corners in the pixels of the picture the rendition was made from."""

    def moved(corner: Corner) -> Corner:
        return (round(corner[0] * factor), round(corner[1] * factor))

    if factor == 1:
        return tuple(codes)
    result = []
    for code in codes:
        a, b, c, d = code.corners
        result.append(Code(code.text, code.engine, (moved(a), moved(b), moved(c), moved(d))))
    return tuple(result)


def _add(codes: list[Code], more: Iterable[Code]) -> None:
    """Add what later looks read, except where an earlier look already read something."""
    codes += [new for new in more if not any(_overlap(new, old) for old in codes)]


def _overlap(a: Code, b: Code) -> bool:
    return _covers(a.corners, _middle(b)) or _covers(b.corners, _middle(a))


def _middle(code: Code) -> tuple[float, float]:
    return (sum(x for x, _ in code.corners) / 4, sum(y for _, y in code.corners) / 4)


def _covers(corners: Corners, point: tuple[float, float]) -> bool:
    """Return whether the box around the corners contains the point."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs) <= point[0] <= max(xs) and min(ys) <= point[1] <= max(ys)


def _distinct(codes: Sequence[Code]) -> tuple[Code, ...]:
    """Return the first code of each text."""
    return tuple({code.text: code for code in reversed(codes)}.values())[::-1]
