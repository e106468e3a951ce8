"""What is plugged in: serial ports, cameras and I2C buses, by names that survive replugging."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEV: Final = Path("/dev")
FOUND_MAX: Final = 12  # of a kind: more than any screen shows


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to choose. path: as the configuration names it; label: for people."""

    path: str
    label: str


# By kind: patterns below /dev, those that survive replugging first; the rest counts without them.
_PATTERNS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "card": (("serial/by-id/*", "serial0"), ("ttyUSB*", "ttyACM*", "ttyAMA*")),
    "camera": (("v4l/by-id/*-video-index0",), ("video[0-9]",)),
    "wrist": (("i2c-*",), ()),
}
_USB: Final = re.compile(r"^usb-|(-if\d\d)?(-port\d+)?$|-video-index\d+$")


def found_devices(dev: Path = DEV) -> dict[str, tuple[Found, ...]]:
    """Return what is plugged in now, by kind. Asks the file system alone and opens nothing."""
    return {kind: _of_kind(dev, *patterns) for kind, patterns in _PATTERNS.items()}


def _of_kind(dev: Path, lasting: tuple[str, ...], others: tuple[str, ...]) -> tuple[Found, ...]:
    paths = [path for pattern in lasting for path in sorted(dev.glob(pattern), key=_order)]
    if not paths:
        paths = [path for pattern in others for path in sorted(dev.glob(pattern), key=_order)]
    return tuple(Found(str(path), _label(path)) for path in paths[:FOUND_MAX])


def _order(path: Path) -> tuple[int, str]:
    """The Pi's own bus is number 1; the others are those of its display and memory."""
    return (0 if path.name == "i2c-1" else 1, path.name)


def _label(path: Path) -> str:
    """Return what is printed on the thing, as far as its name tells."""
    if path.parent.name != "by-id":
        return path.name
    return _USB.sub("", _USB.sub("", path.name)).replace("_", " ").strip() or path.name
