"""The pairs of a calibration and the line through them, as text and as SVG. Pure.

Across: skin above its surroundings. Up: body above skin. Both in °C.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gated.core.calibration_fit import Fit, Pair

COLUMNS, ROWS = 60, 16
LEFT, BELOW, EDGE = 64, 52, 20
PERSON, SUSPECT, LINE = "o", "x", "."
TICKS = 5


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is drawn: its size in px, the names of its axes, whether it says the numbers.

    Letters keep their size, so they are large in a small picture.
    """

    width: int = 640
    height: int = 420
    across: str = "skin − surroundings, °C"
    up: str = "body − skin, °C"
    numbers: bool = True


@dataclass(frozen=True, slots=True)
class _Frame:
    """What part of the plane is drawn, in thousandths of °C; no side is empty."""

    left: int
    right: int
    low: int
    high: int

    def across(self, above_mc: float) -> float:
        return (above_mc - self.left) / (self.right - self.left)

    def up(self, lacks_mc: float) -> float:
        return (lacks_mc - self.low) / (self.high - self.low)


def _frame(pairs: Sequence[Pair]) -> _Frame:
    xs = [pair.above_mc for pair in pairs]
    ys = [pair.lacks_mc for pair in pairs]
    margin = 250  # a dot on the very edge could not be seen
    return _Frame(min(xs) - margin, max(xs) + margin, min(ys) - margin, max(ys) + margin)


def text_plot(pairs: Sequence[Pair], fit: Fit) -> list[str]:
    """Return the plot as lines of plain ASCII: people `o`, suspects `x`, the line `.`."""
    frame = _frame(pairs)
    cells = [[" "] * COLUMNS for _ in range(ROWS)]

    def mark(above_mc: float, lacks_mc: float, sign: str) -> None:
        column = round(frame.across(above_mc) * (COLUMNS - 1))
        row = round((1 - frame.up(lacks_mc)) * (ROWS - 1))
        if 0 <= row < ROWS:
            cells[row][column] = sign

    for column in range(COLUMNS):
        above_mc = frame.left + (frame.right - frame.left) * column / (COLUMNS - 1)
        mark(above_mc, fit.k_milli * above_mc / 1000 + fit.c_mc, LINE)
    for sign, wanted in ((PERSON, False), (SUSPECT, True)):  # a suspect is never hidden
        for place, pair in enumerate(pairs):
            if (place in fit.suspects) is wanted:
                mark(pair.above_mc, pair.lacks_mc, sign)
    lines = ["body - skin, degrees C"]
    for row, cell in enumerate(cells):
        value = frame.high - (frame.high - frame.low) * row / (ROWS - 1)
        named = row % 5 == 0
        lines.append(f"{value / 1000:6.1f} |" if named else "       |")
        lines[-1] = (lines[-1] + "".join(cell)).rstrip()
    left, right = f"{frame.left / 1000:.1f}", f"{frame.right / 1000:.1f}"
    lines.append("       +" + "-" * COLUMNS)
    lines.append("        " + left + right.rjust(COLUMNS - len(left)))
    lines.append("skin - surroundings, degrees C".rjust(COLUMNS + 8))
    return lines


def svg_plot(pairs: Sequence[Pair], fit: Fit, title: str, look: Look | None = None) -> str:
    """Return the plot as a whole SVG document. title: plain text without names."""
    look = look or Look()
    frame, inner = _frame(pairs), look.width - LEFT - EDGE

    def place(above_mc: float, lacks_mc: float) -> tuple[float, float]:
        x = LEFT + frame.across(above_mc) * inner
        y = EDGE + (1 - frame.up(lacks_mc)) * (look.height - EDGE - BELOW)
        return round(x, 1), round(y, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {look.width} {look.height}">',
        "<style>text { font: 13px sans-serif }</style>",
        f"<title>{_escaped(title)}</title>",
        f'<rect width="{look.width}" height="{look.height}" fill="#fff"/>',
        '<clipPath id="plot">',
        f'<rect x="{LEFT}" y="{EDGE}" width="{inner}" height="{look.height - EDGE - BELOW}"/>',
        "</clipPath>",
        *_axes(frame, place, look),
    ]
    ends = [(x, fit.k_milli * x / 1000 + fit.c_mc) for x in (frame.left, frame.right)]
    (x1, y1), (x2, y2) = (place(*end) for end in ends)
    parts.append(
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#06c" stroke-width="2" '
        'clip-path="url(#plot)"/>'
    )
    for number, pair in enumerate(pairs):
        x, y = place(pair.above_mc, pair.lacks_mc)
        colour = "#c00" if number in fit.suspects else "#333"
        parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="none" stroke="{colour}"/>')
    if look.numbers:
        parts.append(f'<text x="{LEFT + 8}" y="{EDGE + 16}">{_numbers(fit)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _numbers(fit: Fit) -> str:
    return (
        f"k = {fit.k_milli / 1000:.3f} ± {fit.k_error_milli / 1000:.3f}, "
        f"c = {fit.c_mc / 1000:+.2f} ± {fit.c_error_mc / 1000:.2f} °C, "
        f"rms {fit.residual_mc / 1000:.2f} °C, {fit.people} people"
    )


def _axes(
    frame: _Frame, place: Callable[[float, float], tuple[float, float]], look: Look
) -> list[str]:
    parts = []
    bottom, right = look.height - BELOW, look.width - EDGE
    for step in range(TICKS + 1):
        x_mc = frame.left + (frame.right - frame.left) * step / TICKS
        y_mc = frame.low + (frame.high - frame.low) * step / TICKS
        x, y = place(x_mc, y_mc)
        parts.append(f'<line x1="{x}" y1="{EDGE}" x2="{x}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<line x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{x_mc / 1000:.1f}</text>'
        )
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{y_mc / 1000:.1f}</text>')
    middle_x, middle_y = (LEFT + right) / 2, (EDGE + bottom) / 2
    parts.append(
        f'<text x="{middle_x}" y="{look.height - 10}" text-anchor="middle">'
        f"{_escaped(look.across)}</text>"
    )
    parts.append(
        f'<text x="16" y="{middle_y}" text-anchor="middle" '
        f'transform="rotate(-90 16 {middle_y})">{_escaped(look.up)}</text>'
    )
    return parts


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
