"""Opens each configured device once and lets it say who it is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from drivers.errors import DriverError
from gated.config import CardReaderSection, Config
from gated.errors import ConfigError
from gated.gate.devices import (
    concern,
    open_camera,
    open_reader,
    open_thermometer,
    picture_decoder,
    thermometry_config,
)
from gated.gate.health import Health, Part, worst

WALK_S = 20.0  # how long the installer has for each of card, code and wrist
FIRST_S = 5.0
WRIST_STEP_MC = 2_000

_R = TypeVar("_R")

Tell = Callable[[str], None]


def card_reader(config: Config, health: Health, tell: Tell | None) -> None:
    """Ask every reader for its module number; with `tell`, for a card as well."""
    found = [_one_reader(section, tell) for section in config.card_reader]
    if not found:
        return
    shown = worst(found)
    details = [part.detail for part in found if part.state == shown.state]
    health.set("card_reader", shown.state, "; ".join(details), shown.remedy)


def _one_reader(section: CardReaderSection, tell: Tell | None) -> Part:
    health = Health()
    with _reported(health, "card_reader"):
        reader = open_reader(section)
        try:
            number = reader.probe()
            health.set("card_reader", "ok", f"{section.port}: module {number}")
            if tell is not None:
                tell(f"Lay an ID card on the reader at {section.port}.")
                read = _first(reader.read, WALK_S)
                problem = f"{section.port}: no card was read in 20 s"
                _walked(health, "card_reader", read is not None, problem)
        finally:
            reader.close()
    return health.part("card_reader")


def camera(config: Config, health: Health, tell: Tell | None) -> None:
    """Take one frame; with `tell`, wait for a code."""
    if config.camera is None:
        return
    with _reported(health, "camera"):
        device = open_camera(config.camera)
        try:
            frame = _first(device.read, FIRST_S)
            if frame is None:
                health.set("camera", "fail", "no frame in 5 s", "check cable and source")
                return
            height, width = frame.grey.shape
            health.set("camera", "ok", f"{width}x{height} grey frames")
            if tell is not None:
                tell("Hold a pass before the camera.")
                decoder = picture_decoder(config.camera.decoder)
                until = time.monotonic() + WALK_S
                found = False
                while not found and time.monotonic() < until:
                    shot = device.read(1.0)
                    found = shot is not None and bool(decoder.read_frame(shot.grey))
                _walked(health, "camera", found, "no code was read in 20 s")
        finally:
            device.close()


def thermometer(config: Config, health: Health, tell: Tell | None) -> None:
    """Read the sensor; with `tell`, wait for a wrist."""
    if config.thermometer is None:
        return
    with _reported(health, "thermometer"):
        thermometry_config(config.thermometer)
        device = open_thermometer(config.thermometer)
        try:
            identity = device.probe()
            sample = _first(device.read, FIRST_S)
            if sample is None:
                health.set("thermometer", "fail", "no sample in 5 s", "check wiring and power")
                return
            problem, _, remedy = concern(device).partition("; ")
            detail = f"{identity}, sees {sample.object_mc / 1000:.1f} °C"
            detail += f"; {problem}" if problem else ""
            health.set("thermometer", "warn" if problem else "ok", detail, remedy)
            if tell is not None:
                tell("Hold your wrist before the thermometer.")
                until = time.monotonic() + WALK_S
                warm = False
                while not warm and time.monotonic() < until:
                    now = device.read(1.0)
                    step = 0 if now is None else abs(now.object_mc - sample.object_mc)
                    warm = step >= WRIST_STEP_MC
                _walked(health, "thermometer", warm, "no wrist was seen in 20 s")
        finally:
            device.close()


@contextmanager
def _reported(health: Health, part: str) -> Iterator[None]:
    try:
        yield
    except (DriverError, ConfigError) as error:
        what, _, remedy = str(error).partition("; ")
        health.set(part, "fail", what, remedy)


def _first(read: Callable[[float], _R | None], within_s: float) -> _R | None:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        reading = read(1.0)
        if reading is not None:
            return reading
    return None


def _walked(health: Health, part: str, seen: object, problem: str) -> None:
    before = health.part(part)
    if seen:
        health.set(part, before.state, f"{before.detail}; seen working", before.remedy)
    else:
        health.set(part, "warn", problem, "try again; check distance and light")
