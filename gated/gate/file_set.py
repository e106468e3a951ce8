"""Several files put in place together: all of them or none, and nothing old is written over."""

import contextlib
import os
import pwd
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

USER: Final = "gated"
"""Who runs the daemon, as the README makes it."""


def install(files: Mapping[Path, tuple[bytes, int]]) -> tuple[Path, ...]:
    """Every file (content and mode) is there and on disk; return where replaced ones are kept.

    Raises OSError; then every file is as it was before.
    """
    kept: dict[Path, Path | None] = {}
    with contextlib.ExitStack() as stack:
        staged = [(stack.enter_context(_staged(path, *what)), path) for path, what in files.items()]
        try:
            for beside, path in staged:
                kept[path] = path.rename(_free_name(path)) if path.exists() else None
                beside.rename(path)
        except OSError:
            _put_back(kept)
            raise
    for folder in {path.parent for path in files}:
        _sync(folder)
    return tuple(old for old in kept.values() if old is not None)


def owner_of(folder: Path) -> tuple[int, int] | None:
    """Return whom files in a folder should belong to when root writes them, else None.

    The folder's own owner; where that is root, the user of the service.
    """
    if os.geteuid() != 0:
        return None
    held = folder.stat()
    if held.st_uid != 0:
        return held.st_uid, held.st_gid
    with contextlib.suppress(KeyError):  # no service is installed here yet
        user = pwd.getpwnam(USER)
        return user.pw_uid, user.pw_gid
    return None


def hand_over(path: Path, owner: tuple[int, int] | None) -> None:
    """The file belongs to owner; None leaves it as it is. Raises OSError."""
    if owner is not None:
        os.chown(path, *owner)


@contextlib.contextmanager
def _staged(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """Yield a complete file beside path; gone afterwards unless it was moved to its place."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        hand_over(beside, owner_of(path.parent))
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def _put_back(kept: Mapping[Path, Path | None]) -> None:
    for path, old in kept.items():
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        if old is not None:
            old.rename(path)


def _free_name(path: Path) -> Path:
    number = 1
    while (found := path.with_name(f"{path.name}.before-{number}")).exists():
        number += 1
    return found


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
