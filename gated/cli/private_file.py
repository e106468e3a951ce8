"""Files of personal data: written for their owner alone, whatever the umask says."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import typer

from gated.cli.outcome import EXIT_NOT, complain

MODE: Final = 0o600


def write_private(path: Path, content: bytes) -> None:
    """The file holds the content and only its owner may read it, also when it was there before.

    A pipe or terminal is written to as it is. Raises OSError.
    """
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
    with os.fdopen(number, "wb") as file:
        if stat.S_ISREG(os.fstat(number).st_mode):
            os.fchmod(number, MODE)
        file.write(content)


def write_result(path: Path, content: bytes, not_written: Callable[[], None] | None = None) -> None:
    """The same for what a command makes; when it cannot be written the command ends with 1.

    not_written: called then, before the message.
    """
    try:
        write_private(path, content)
    except OSError as error:
        if not_written is not None:
            not_written()
        complain(f"cannot write {path}: {error.strerror}; choose a folder you may write to")
        raise typer.Exit(EXIT_NOT) from error


def refuse_unwritable(path: Path, not_written: Callable[[], None]) -> None:
    """End as write_result does when nothing can be written there, before anything is made for it.

    What shows only while writing, such as a full disk, is left to write_result.
    """
    if (problem := _obstacle(path)) is None:
        return
    not_written()
    complain(f"cannot write {path}: {os.strerror(problem)}; choose a folder you may write to")
    raise typer.Exit(EXIT_NOT)


def _obstacle(path: Path) -> int | None:
    """Return the number of the error that writing would meet, if it can be told."""
    try:
        found = path.stat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            return errno.ENOENT
        return None if os.access(path.parent, os.W_OK | os.X_OK) else errno.EACCES
    except OSError as error:
        return error.errno
    if stat.S_ISDIR(found.st_mode):
        return errno.EISDIR
    return None if os.access(path, os.W_OK) else errno.EACCES
