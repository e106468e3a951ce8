"""A trace as a drawing: one lane per gate, time from left to right, people as dots joined by lines.

Time between two passages of the traced person says nothing and is left out: the axis is made of
pieces, one for each time they were at a gate. Everybody has a row of their own in every lane and a
number, which is also that of the contact in the table. Pure: only places and marks; a template
draws them.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gated.hub.trace import Contact, Passage, clipped, windows

WIDTH: Final = 960.0
LEFT: Final = 110.0  # for the names of the gates
TOP: Final = 34.0  # for the times
GAP: Final = 14.0  # between two pieces of the axis
ROW: Final = 16.0
PIECES_MAX: Final = 12  # the latest ones; more are too narrow to read
PEOPLE_MAX: Final = 12  # the nearest ones; the table has everybody


@dataclass(frozen=True, slots=True)
class Dot:
    """A passage. number 0: the traced person; hollow: its time is not certain."""

    x: float
    y: float
    number: int
    hollow: bool


@dataclass(frozen=True, slots=True)
class Line:
    """Two passages of one person after each other. dashed: a time of them is not certain."""

    x1: float
    y1: float
    x2: float
    y2: float
    number: int
    dashed: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """A gate's strip from y to y + height."""

    gate: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the axis from x to x + width, start_ms to end_ms."""

    x: float
    width: float
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything to draw, in pixels. left_out: how many pieces and people are not in it."""

    width: float
    height: float
    lanes: tuple[Lane, ...]
    pieces: tuple[Piece, ...]
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    pieces_left_out: int
    people_left_out: int


def draw(own: Sequence[Passage], contacts: Sequence[Contact], within_ms: int) -> Drawing | None:
    """Return the drawing of these passages and of the first contacts, None without passages."""
    if not own:
        return None
    spans = windows([(one.start_ms, one.end_ms) for one in own], within_ms)
    shown = contacts[:PEOPLE_MAX]
    pieces = _pieces(spans[-PIECES_MAX:])
    lanes = _lanes(sorted({one.gate for one in own}), len(shown) + 1)
    tracks = [list(own), *([met.other for met in one.meetings] for one in shown)]
    dots: list[Dot] = []
    lines: list[Line] = []
    for number, passages in enumerate(tracks):
        placed = _placed(number, passages, lanes, pieces)
        dots += placed
        lines += _joined(placed)
    height = lanes[-1].y + lanes[-1].height + GAP
    left_out = (max(len(spans) - PIECES_MAX, 0), len(contacts) - len(shown))
    return Drawing(WIDTH, height, tuple(lanes), tuple(pieces), tuple(lines), tuple(dots), *left_out)


def _pieces(spans: Sequence[tuple[int, int]]) -> list[Piece]:
    """Return the spans side by side, each as wide as it is long."""
    total_ms = sum(end_ms - start_ms + 1 for start_ms, end_ms in spans)
    scale = (WIDTH - LEFT - GAP * len(spans)) / total_ms
    x, pieces = LEFT, []
    for start_ms, end_ms in spans:
        width = (end_ms - start_ms + 1) * scale
        pieces.append(Piece(x, width, start_ms, end_ms + 1))
        x += width + GAP
    return pieces


def _lanes(gates: Sequence[str], rows: int) -> list[Lane]:
    height = ROW * (rows + 1)
    return [Lane(gate, TOP + index * (height + GAP), height) for index, gate in enumerate(gates)]


def _placed(
    number: int, passages: Iterable[Passage], lanes: Sequence[Lane], pieces: Sequence[Piece]
) -> list[Dot]:
    """Return the dots of one person, left to right; what lies in no piece has none."""
    at_gate = {lane.gate: lane for lane in lanes}
    found = set()
    for one in passages:
        x = _x(one, pieces)
        if x is not None:
            y = at_gate[one.gate].y + ROW * (number + 1)
            found.add(Dot(x, y, number, not one.certain))
    return sorted(found, key=lambda dot: (dot.x, dot.y))


def _x(one: Passage, pieces: Sequence[Piece]) -> float | None:
    """Return where a passage stands: at its best known time, else where it may have been."""
    for piece in pieces:
        if piece.start_ms <= one.start_ms < piece.end_ms:
            share = (one.start_ms - piece.start_ms) / (piece.end_ms - piece.start_ms)
            return round(piece.x + share * piece.width, 1)
    for piece in pieces:
        if clipped(one, piece.start_ms, piece.end_ms) is not None:
            return round(piece.x + piece.width / 2, 1)
    return None


def _joined(dots: Sequence[Dot]) -> list[Line]:
    return [
        Line(one.x, one.y, other.x, other.y, one.number, one.hollow or other.hollow)
        for one, other in itertools.pairwise(dots)
    ]
