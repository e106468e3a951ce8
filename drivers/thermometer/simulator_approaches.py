"""How wrists come to the sensor: a library of scenes whose true skin temperature is known.

Each approach is a pure function of the seconds since it began, drawn under a seed; it begins when
the person shows a credential. Three groups, by what a thermometer can make of them:

    fills      the field is all skin, and still, for long enough: a value is due and can be checked
    partial    a part of the field is never skin, or nothing is ever still: no value is right
    no skin    something else is held there

What is assumed, because no data sheet says it: a free hand sways by 0.5 to 2 mm (root mean square,
two slow components and a tremor); where the edge of a wrist crosses a spot of 25 mm, a millimetre
of sway is 0.05 of the field; a sleeve lies between room and skin; a hand at 0.25 to 1 m/s takes
0.025 to 0.1 s to cover that spot. While the field is filled, sway changes nothing.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from drivers.thermometer.simulator import Play, Scene

STAY_S = 9.0  # longer than the longest time-out of the fast variants
STAY_SLOW_S = 16.0
FIELD_PER_MM = 0.05
SWAY_MM = (0.5, 2.0)
ARRIVE_S = (0.025, 0.1)


class Group(Enum):
    """What a thermometer can make of an approach."""

    FILLS = "fills"
    PARTIAL = "partial"
    NO_SKIN = "no_skin"


@dataclass(frozen=True, slots=True)
class Approach:
    """One wrist. Seconds count from the credential; temperatures in °C.

    there_s: since when the field is as full as it will be. skin_c: the true skin as a function
    of the seconds, None where there is no skin to measure. gone_s: when it has left.
    """

    kind: str
    group: Group
    play: Play
    there_s: float
    gone_s: float
    skin_c: Callable[[float], float] | None


@dataclass(frozen=True, slots=True)
class Given:
    """What an approach is drawn for: the person's skin, the room, how long they stay."""

    skin_c: float
    room_c: float
    stay_s: float = STAY_S


Maker = Callable[[random.Random, Given], Approach]


def steady(chance: random.Random, given: Given) -> Approach:
    """The wrist comes with the credential, fills the field and stays."""
    return _filling("steady", chance, given, 0.0)


def late(chance: random.Random, given: Given) -> Approach:
    """The wrist comes 0.5 to 3 s after the credential."""
    return _filling("late", chance, given, chance.uniform(0.5, 3.0))


def fidgeting(chance: random.Random, given: Given) -> Approach:
    """The wrist shakes for 0.5 to 2.5 s before it fills the field and stays."""
    still_s = chance.uniform(0.5, 2.5)
    fill = _waving(chance)

    def play(at_s: float) -> Scene:
        return Scene(given.skin_c, 1.0 if at_s >= still_s else fill(at_s))

    return _stays("fidgeting", Group.FILLS, given, play, still_s, lambda _: given.skin_c)


def cold_arrival(chance: random.Random, given: Given) -> Approach:
    """Skin from the cold, 4 to 12 °C below the usual, that warms by up to 0.4 °C a minute."""
    cold_c = max(given.skin_c - chance.uniform(4.0, 12.0), given.room_c + 1.0)
    rise_c_per_s = chance.uniform(0.0, 0.4) / 60
    return _changing("cold_arrival", chance, given, lambda at_s: cold_c + rise_c_per_s * at_s)


def hand_warmer(chance: random.Random, given: Given) -> Approach:
    """Skin from which a hand warmer was just taken: 1 to 4 °C too warm, cooling in minutes."""
    more_c, span_s = chance.uniform(1.0, 4.0), chance.uniform(60.0, 240.0)
    return _changing(
        "hand_warmer", chance, given, lambda at_s: given.skin_c + more_c * math.exp(-at_s / span_s)
    )


def shaking(chance: random.Random, given: Given) -> Approach:
    """The wrist is never still: the field is full at one moment and half empty at the next."""
    fill = _waving(chance)
    return _stays(
        "shaking", Group.PARTIAL, given, lambda at_s: Scene(given.skin_c, fill(at_s)), 0.0, None
    )


def half_covered(chance: random.Random, given: Given) -> Approach:
    """The edge of a freely held wrist crosses the field."""
    fill = _edge(chance, chance.uniform(0.3, 0.75))
    return _stays(
        "half_covered",
        Group.PARTIAL,
        given,
        lambda at_s: Scene(given.skin_c, fill(at_s)),
        0.0,
        None,
    )


def sleeve(chance: random.Random, given: Given) -> Approach:
    """Cloth covers a half of the field or more, and its edge sways with the hand."""
    fill = _edge(chance, chance.uniform(0.1, 0.5))
    cloth_c = given.room_c + chance.uniform(0.3, 0.7) * (given.skin_c - given.room_c)
    return _stays(
        "sleeve",
        Group.PARTIAL,
        given,
        lambda at_s: Scene(given.skin_c, fill(at_s), cloth_c),
        0.0,
        None,
    )


def creeping(chance: random.Random, given: Given) -> Approach:
    """The wrist comes so slowly that it never fills the field before it leaves."""
    start, end = chance.uniform(0.1, 0.4), chance.uniform(0.8, 0.95)
    sway = _sway(chance, chance.uniform(*SWAY_MM))

    def play(at_s: float) -> Scene:
        share = start + (end - start) * min(at_s / given.stay_s, 1.0)
        return Scene(given.skin_c, _clipped(share + sway(at_s)))

    return _stays("creeping", Group.PARTIAL, given, play, 0.0, None)


def withdrawn(chance: random.Random, given: Given) -> Approach:
    """The wrist is pulled away after 0.3 to 0.9 s."""
    approach = _filling("withdrawn", chance, given, 0.0)
    approach = replace(approach, group=Group.PARTIAL, skin_c=None)
    return replace(approach, gone_s=chance.uniform(0.3, 0.9))


def hot_drink(chance: random.Random, given: Given) -> Approach:
    """A cup of 45 to 70 °C in the hand that should show its wrist."""
    cup_c = chance.uniform(45.0, 70.0)
    approach = _filling("hot_drink", chance, replace(given, skin_c=cup_c), 0.0)
    return replace(approach, group=Group.NO_SKIN, skin_c=None)


def half_covered_at_rest(chance: random.Random, given: Given) -> Approach:
    """The edge of a wrist that lies on something crosses the field, and nothing sways at all."""
    fill = chance.uniform(0.3, 0.75)
    return _stays(
        "half_covered_at_rest",
        Group.PARTIAL,
        given,
        lambda _: Scene(given.skin_c, fill),
        0.0,
        None,
    )


LIBRARY: tuple[Maker, ...] = (
    *(steady, late, fidgeting, cold_arrival, hand_warmer),
    *(shaking, half_covered, sleeve, creeping, withdrawn),
    hot_drink,
)
"""Every approach a person makes; `half_covered_at_rest` is a thought experiment beside it."""


def scene_at(approach: Approach, at_s: float) -> Scene:
    """Return what the sensor has in front of it at this second; nobody before and after."""
    return approach.play(at_s) if 0.0 <= at_s < approach.gone_s else Scene()


def _filling(kind: str, chance: random.Random, given: Given, from_s: float) -> Approach:
    approach = _changing(kind, chance, given, lambda _: given.skin_c)
    if not from_s:
        return approach
    play = approach.play
    return replace(
        approach,
        play=lambda at_s: play(at_s - from_s) if at_s >= from_s else Scene(),
        there_s=approach.there_s + from_s,
        gone_s=approach.gone_s + from_s,
    )


def _changing(
    kind: str, chance: random.Random, given: Given, skin_c: Callable[[float], float]
) -> Approach:
    """Return a wrist that comes at once and fills the field from then on."""
    full_s = chance.uniform(*ARRIVE_S)

    def play(at_s: float) -> Scene:
        return Scene(skin_c(at_s), min(at_s / full_s, 1.0))

    return _stays(kind, Group.FILLS, given, play, full_s, skin_c)


def _stays(
    kind: str,
    group: Group,
    given: Given,
    play: Play,
    there_s: float,
    skin_c: Callable[[float], float] | None,
) -> Approach:
    return Approach(kind, group, play, there_s, there_s + given.stay_s, skin_c)


def _sway(chance: random.Random, rms_mm: float) -> Callable[[float], float]:
    """Return the sway of a free hand, as a share of the field per moment."""
    parts = [
        (weight * math.sqrt(2) * rms_mm * FIELD_PER_MM, chance.uniform(*hertz), chance.random())
        for weight, hertz in ((0.8, (0.4, 1.0)), (0.55, (1.0, 2.5)), (0.25, (6.0, 10.0)))
    ]

    def at(at_s: float) -> float:
        return sum(
            size * math.sin(math.tau * (hertz * at_s + phase)) for size, hertz, phase in parts
        )

    return at


def _edge(chance: random.Random, fill: float) -> Callable[[float], float]:
    sway = _sway(chance, chance.uniform(*SWAY_MM))
    return lambda at_s: _clipped(fill + sway(at_s))


def _waving(chance: random.Random) -> Callable[[float], float]:
    """Return the fill of a wrist that wanders 5 to 15 mm about the edge of the field."""
    middle = chance.uniform(0.4, 0.8)
    sway = _sway(chance, chance.uniform(5.0, 15.0))
    return lambda at_s: _clipped(middle + sway(at_s))


def _clipped(fill: float) -> float:
    return min(max(fill, 0.0), 1.0)
