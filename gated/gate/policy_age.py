"""How long the rules in force have served at this gate. Engine thread only.

The rules come with the program, so they arrived when a version of it first ran here with a clock
somebody vouches for. A small file beside the journal remembers that moment and the version; while
the card refuses it, the memory of the process does.
"""

from pathlib import Path
from typing import Final

from gated.core.model import ClockState, Moment
from gated.errors import StoreError
from gated.log import logger
from gated.store.small_file import read_small, write_small

FILE_NAME: Final = "policy"
DAY_MS: Final = 24 * 60 * 60_000

_log = logger("policy")


class PolicyAge:
    """version: of the program whose rules decide. folder: where the moment is remembered."""

    def __init__(self, folder: Path, version: str) -> None:
        self._path = folder / FILE_NAME
        self._version = version
        kept = read_small(self._path)
        since_ms = kept.get("since_ms") if kept.get("version") == version else None
        self._since_ms = since_ms if type(since_ms) is int else None

    def days(self, now: Moment) -> int | None:
        """Return for how many whole days these rules have served here; None: nobody knows."""
        if now.clock is ClockState.UNSURE:
            return None
        if self._since_ms is None or self._since_ms > now.utc_ms:
            self._since_ms = now.utc_ms
            self._remember(now.utc_ms)
        return (now.utc_ms - self._since_ms) // DAY_MS

    def _remember(self, since_ms: int) -> None:
        try:
            write_small(self._path, {"version": self._version, "since_ms": since_ms})
        except StoreError as error:
            _log.warning("policy.age_unwritable", problem=str(error))
