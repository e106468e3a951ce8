"""Writes the site's calibration file: whole, dated, the former one kept."""

import os
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

from gated.core.calibration import SiteCalibration, parse_calibration
from gated.core.calibration_fit import calibration_toml
from gated.errors import GatedError

MODE = 0o644  # numbers of nobody in particular; the service reads it whoever wrote it


class CalibrationNotWritten(GatedError, OSError):
    """A calibration file could not be written: rights, a full disk, no such folder."""


def refuse_unwritable(path: Path) -> None:
    """Raise CalibrationNotWritten now when that is certain, before a long session is begun."""
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise CalibrationNotWritten(_sentence(path, "no such folder, or no right to write there"))


def written(path: Path, made: SiteCalibration) -> Path | None:
    """The file holds this calibration; return where the former one is kept, if there was one.

    Raises CalibrationNotWritten.
    """
    text = calibration_toml(made)
    assert parse_calibration(tomllib.loads(text)["calibration"]) == made, "we read what we write"
    try:
        kept = _kept(path)
        replaced(path, text)
    except OSError as error:
        raise CalibrationNotWritten(_sentence(path, error.strerror)) from error
    return kept


def _sentence(path: Path, why: str | None) -> str:
    return f"cannot write {path}: {why}; run the command with sudo, or name a folder that is there"


def replaced(path: Path, text: str) -> None:
    """The file holds the text, whole or not at all. Raises OSError."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(MODE)
    fresh.replace(path)


def _kept(path: Path) -> Path | None:
    """Put a copy of the former file beside it under its own date. Raises OSError."""
    try:
        former = path.read_bytes()
    except FileNotFoundError:
        return None
    day = _day_of(former) or datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    number = 1
    while True:
        more = "" if number == 1 else f"-{number}"
        copy = path.with_name(f"{path.stem}-{day.isoformat()}{more}{path.suffix}")
        if not copy.exists():
            replaced(copy, former.decode("utf-8", "replace"))
            return copy
        if copy.read_bytes() == former:
            return copy
        number += 1


def _day_of(content: bytes) -> date | None:
    """Return the newest day that a calibration names, None when it is none."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
        found = parse_calibration(table.get("calibration", table))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, GatedError, AttributeError, TypeError):
        return None
    return max(found.made, found.offset_dated)
