"""The colours of the screens, computed from the file itself: contrast, and colour-blind eyes."""

import itertools
import math
import re
from pathlib import Path

import pytest

import gated.screen

PALETTE = Path(gated.screen.__file__).parent / "page" / "palette.css"
VERDICT_CONTRAST = 7.0  # WCAG AAA
TEXT_CONTRAST = 4.5  # WCAG AA
BLIND_DISTANCE = 42.0  # CIE76, the least between allow and stop
APART = 20.0  # and between any two bands
DARKER = 0.9  # how much of the day's light the night keeps at most

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
PROTAN = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
DEUTAN = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
SIGHTED = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
EYES = {"protan": PROTAN, "deutan": DEUTAN, "sighted": SIGHTED}
TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE = (0.9505, 1.0, 1.089)
VERDICTS = ("allow", "check", "stop", "fault")
BANDS = ("idle", *VERDICTS)
# A background and the names of what is written on it, besides NAME-text.
WRITTEN = {
    "idle": ("idle-quiet",),
    "paper": ("paper-quiet",),
    "dark": ("dark-quiet", "dark-good", "dark-amber"),
    "key": ("key-quiet",),
}

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]


def _tables() -> dict[str, dict[str, str]]:
    source = PALETTE.read_text("utf-8")
    day, night = source.split("[data-night=")
    named = r"--([\w-]+): ([^;]+);"
    colours = dict(re.findall(named, day))
    return {"day": colours, "night": colours | dict(re.findall(named, night))}


TABLES = _tables()


def linear(colour: str, table: dict[str, str]) -> Vector:
    """Return linear RGB, 0 to 1, of #rgb, #rrggbb or var(--name)."""
    if colour.startswith("var("):
        return linear(table[colour[6:-1]], table)
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return red, green, blue


def times(matrix: Matrix, vector: Vector) -> Vector:
    one, two, three = (
        sum(factor * value for factor, value in zip(row, vector, strict=True)) for row in matrix
    )
    return one, two, three


def luminance(rgb: Vector) -> float:
    return times(TO_XYZ, rgb)[1]


def contrast(one: Vector, other: Vector) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: Vector) -> Vector:
    clipped = [min(1.0, max(0.0, part)) for part in rgb]
    xyz = times(TO_XYZ, (clipped[0], clipped[1], clipped[2]))
    x, y, z = (
        value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116
        for value in (part / white for part, white in zip(xyz, WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: Vector, other: Vector, eyes: Matrix) -> float:
    return math.dist(lab(times(eyes, one)), lab(times(eyes, other)))


def hue(rgb: Vector) -> float:
    _light, a, b = lab(rgb)
    return math.degrees(math.atan2(b, a))


@pytest.mark.parametrize("light", TABLES)
@pytest.mark.parametrize("band", BANDS)
def test_a_verdict_can_be_read_on_its_band(band: str, light: str) -> None:
    table = TABLES[light]
    text = linear(table[f"{band}-text"], table)
    assert contrast(linear(table[band], table), text) >= VERDICT_CONTRAST


@pytest.mark.parametrize("light", TABLES)
def test_every_text_can_be_read_on_its_ground(light: str) -> None:
    table = TABLES[light]
    grounds = [name for name in table if f"{name}-text" in table]
    assert len(grounds) >= 13
    pairs = [(ground, f"{ground}-text") for ground in grounds]
    pairs += [(ground, text) for ground, texts in WRITTEN.items() for text in texts]
    weak = [
        (ground, text)
        for ground, text in pairs
        if contrast(linear(table[ground], table), linear(table[text], table)) < TEXT_CONTRAST
    ]
    assert weak == []


@pytest.mark.parametrize("light", TABLES)
@pytest.mark.parametrize("eyes", EYES)
def test_pass_and_stop_stay_far_apart_for_every_eye(eyes: str, light: str) -> None:
    table = TABLES[light]
    allow, stop = linear(table["allow"], table), linear(table["stop"], table)
    assert distance(allow, stop, EYES[eyes]) >= BLIND_DISTANCE


@pytest.mark.parametrize("light", TABLES)
@pytest.mark.parametrize("eyes", EYES)
def test_no_two_verdicts_look_alike_to_any_eye(eyes: str, light: str) -> None:
    table = TABLES[light]
    for one, other in itertools.combinations(VERDICTS, 2):
        found = distance(linear(table[one], table), linear(table[other], table), EYES[eyes])
        assert found >= APART, (one, other)


@pytest.mark.parametrize("light", TABLES)
def test_verdicts_differ_in_brightness_alone(light: str) -> None:
    """In the sun and on a grey picture: each step is one that eyes see."""
    table = TABLES[light]
    lightness = [lab(linear(table[band], table))[0] for band in ("stop", "fault", "allow", "check")]
    steps = [later - earlier for earlier, later in itertools.pairwise(lightness)]
    assert min(steps) >= 5


@pytest.mark.parametrize("band", VERDICTS)
def test_night_is_darker_and_keeps_the_hue(band: str) -> None:
    day, night = (linear(table[band], table) for table in (TABLES["day"], TABLES["night"]))
    assert luminance(night) <= luminance(day) * DARKER
    assert abs(hue(night) - hue(day)) <= 8


def test_most_of_the_screen_gives_little_light_at_night() -> None:
    for ground in ("idle", "paper", "row", "dark", "key"):
        assert luminance(linear(TABLES["night"][ground], TABLES["night"])) <= 0.03, ground
