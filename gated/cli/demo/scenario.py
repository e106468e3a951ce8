"""Reads scenario.txt: one arrival per line, people and steps as described at its top."""

import re
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Literal

from gated.core import reports
from gated.core.model import Category, StatusCode, Verdict
from gated.core.reasons import Code

Lane = Literal["in", "out"]

_STATUSES = {status.value for status in StatusCode}
# What a guard may report, by the verb's only word.
_REPORTED = {
    "call": reports.CALL_REASONS,
    "register": reports.FORMS,
    "anomaly": reports.ANOMALIES,
    "round": reports.PLACES,
}
_VERDICTS = {verdict.value for verdict in Verdict}
# How many words follow each verb.
_WORDS: dict[str, tuple[int, ...]] = {
    "card": (1,),
    "code": (1, 2),
    "wrist": (1,),
    "reader": (1,),
    "sensor": (1,),
    "thermometer": (1,),
    "calibration": (1,),
    "guard": (1, 2),
    "shift": (1,),
    "call": (1,),
    "register": (1,),
    "anomaly": (1,),
    "round": (1,),
    "wait": (1,),
    "nothing": (1,),
}


@dataclass(frozen=True, slots=True)
class Role:
    """One person of a scene, before a name and a number are invented.

    slot_min: an appointment, minutes from the demo's start. household: letter of a housemate.
    """

    letter: str
    category: Category
    statuses: tuple[StatusCode, ...] = ()
    household: str = ""
    slot_min: tuple[int, int] | None = None
    name: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens or must happen: a verb and its words."""

    verb: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """One arrival."""

    name: str
    lane: Lane
    roles: tuple[Role, ...]
    steps: tuple[Step, ...] = field(default=())


def read_scenario(text: str | None = None) -> tuple[Scene, ...]:
    """Return the scenes in order. Raises ValueError naming the line that cannot be read."""
    if text is None:
        text = (files("gated.cli.demo") / "scenario.txt").read_text("utf-8")
    scenes = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                scenes.append(_scene(line))
            except (ValueError, KeyError) as error:
                raise ValueError(f"scenario line {number}: {error}") from error
    return tuple(scenes)


def _scene(line: str) -> Scene:
    name, lane, people, steps = (part.strip() for part in line.split("|"))
    roles = tuple(_role(text) for text in people.split(";"))
    played = tuple(_step(text) for text in steps.split(";"))
    match lane:
        case "in" | "out":
            return Scene(name, lane, roles, played)
        case _:
            raise ValueError(f"lane {lane!r} is neither in nor out")


def _role(text: str) -> Role:
    letter, _, rest = text.strip().partition(":")
    words = rest.split()
    role = Role(letter, Category(words.pop(0)))
    while words:
        word = words.pop(0)
        if word in _STATUSES:
            role = replace(role, statuses=(*role.statuses, StatusCode(word)))
        elif word.startswith("@"):
            role = replace(role, household=word[1:])
        elif word == "slot":
            role = replace(role, slot_min=(int(words.pop(0)), int(words.pop(0))))
        elif word == "named":
            role = replace(role, name=words.pop(0))
        elif word == "absent":
            role = replace(role, absent=True)
        else:
            raise ValueError(f"unknown word {word!r} about person {letter}")
    return role


def _step(text: str) -> Step:
    verb, *words = text.split()
    if verb in _VERDICTS:
        Code(words[0])
        return Step(verb, tuple(words))
    if verb not in _WORDS:
        raise ValueError(f"unknown step {verb!r}")
    if len(words) not in _WORDS[verb]:
        raise ValueError(f"step {text.strip()!r} has {len(words)} words after the verb")
    if verb in _REPORTED and words[0] not in _REPORTED[verb]:
        raise ValueError(f"step {text.strip()!r}: {words[0]} is none of {_REPORTED[verb]}")
    if verb in ("wait", "nothing") and not re.fullmatch(r"\d+(\.\d+)?", words[0]):
        raise ValueError(f"step {text.strip()!r} does not name seconds")
    return Step(verb, tuple(words))
