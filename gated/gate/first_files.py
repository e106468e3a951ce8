"""The files of a first start: what lies there already, and what the wizard leaves behind.

A configuration somebody made is never replaced. Keys and configuration appear all or none, the
configuration only after the program itself could load it.
"""

import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final, Literal

from gated import config
from gated.core.trust import TrustTable, format_trust
from gated.errors import GatedError
from gated.gate.file_set import hand_over, install, owner_of
from gated.gate.first_boot import is_sample, joined_tables
from gated.gate.joining import REST_KEY, SITE_KEY, TRUST
from gated.store.keys import PUBLIC_MODE, SECRET_BYTES, SECRET_MODE

CONFIG_MODE: Final = 0o640  # a broker's password may stand in it
DRAFT: Final = "gated.toml.joined"
"""What the hub said, kept until the configuration is written: the code works only once."""


class SetupRefused(GatedError):
    """The wizard cannot write here; the sentence says what to do. code: the same as one word."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """Where the configuration goes; its keys lie in a folder beside it."""

    config: Path

    @property
    def folder(self) -> Path:
        """The folder of the configuration, usually /etc/gated."""
        return self.config.parent

    @property
    def keys(self) -> Path:
        """The folder of this gate's keys."""
        return self.folder.absolute() / "keys"

    @property
    def draft(self) -> Path:
        """What the hub said, as long as the configuration is not written."""
        return self.folder / DRAFT


@dataclass(frozen=True, slots=True)
class Written:
    """What was written. kept: where the sample went; new_keys: key files made here."""

    config: Path
    kept: tuple[Path, ...]
    new_keys: tuple[Path, ...]


def check_place(place: Place) -> Literal["nothing", "sample"]:
    """Return what lies there; its folder can be written to. Raises SetupRefused."""
    found = state_of(place)
    try:
        if not place.keys.exists():
            place.keys.mkdir(mode=0o700, parents=True)
            hand_over(place.keys, owner_of(place.folder))
        for folder in (place.folder, place.keys):
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        raise _unwritable(place, error) from error
    return found


def _unwritable(place: Place, error: OSError) -> SetupRefused:
    return SetupRefused(
        f"cannot set up: {error.filename or place.folder} cannot be read or written"
        f" ({error.strerror}); run this with sudo, or name another file with --config",
        "not_written",
    )


def state_of(place: Place) -> Literal["nothing", "sample"]:
    """Return what lies there. Raises SetupRefused when somebody made a configuration."""
    try:
        text = place.config.read_text("utf-8")
    except FileNotFoundError:
        return "nothing"
    except UnicodeDecodeError:
        text = "= not ours"
    except OSError as error:
        raise _unwritable(place, error) from error
    with suppress(tomllib.TOMLDecodeError):
        if is_sample(tomllib.loads(text)):
            return "sample"
    raise SetupRefused(
        f"cannot set up: {place.config} was made by somebody and is not replaced; edit it"
        " (config/README.md) and run gated check, or move it away and start again",
        "config_there",
    )


def read_draft(place: Place) -> Mapping[str, Mapping[str, Any]] | None:
    """Return what the hub said when this gate joined in an earlier try, None when it did not."""
    try:
        return joined_tables(place.draft.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def write(place: Place, text: str, *, alone: bool) -> Written:
    """The configuration is in its place and loads, with keys when the gate works alone.

    alone: keys that are missing are made; those that are there stay. Raises SetupRefused; then
    nothing changed.
    """
    state_of(place)
    _check_loads(place, text)
    fresh = _fresh_keys(place) if alone else {}
    files = {**fresh, place.config: (text.encode(), CONFIG_MODE)}
    try:
        kept = install(files)
    except OSError as error:
        raise SetupRefused(
            f"cannot set up: {error.filename} cannot be written ({error.strerror}); make room or"
            " check the card, then try again",
            "not_written",
        ) from error
    with suppress(FileNotFoundError):
        place.draft.unlink()
    return Written(place.config, kept, tuple(fresh))


def _fresh_keys(place: Place) -> dict[Path, tuple[bytes, int]]:
    wanted = {
        place.keys / SITE_KEY: (_secret(), SECRET_MODE),
        place.keys / REST_KEY: (_secret(), SECRET_MODE),
        place.keys / TRUST: (format_trust(TrustTable()).encode(), PUBLIC_MODE),
    }
    return {path: file for path, file in wanted.items() if not path.exists()}


def _secret() -> bytes:
    return token_bytes(SECRET_BYTES).hex().encode("ascii") + b"\n"


def _check_loads(place: Place, text: str) -> None:
    """The program itself can load this text. Raises SetupRefused."""
    try:
        handle, name = tempfile.mkstemp(prefix=".new-", dir=place.folder)
        beside = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            config.load(beside)
        finally:
            beside.unlink()
    except (OSError, GatedError) as error:
        raise SetupRefused(
            f"cannot set up: the answers make no configuration ({error}); go back and check them",
            "does_not_load",
        ) from error
