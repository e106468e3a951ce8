"""Files of personal data: written for their owner alone, whatever the umask says."""

import os
import stat
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


def write_result(path: Path, content: bytes) -> None:
    """The same for what a command makes; when it cannot be written the command ends with 1."""
    try:
        write_private(path, content)
    except OSError as error:
        complain(f"cannot write {path}: {error.strerror}; choose a folder you may write to")
        raise typer.Exit(EXIT_NOT) from error
