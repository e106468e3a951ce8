"""When the hub last stood behind the list, remembered across restarts.

One line in a small file: boot id, monotonic ms, UTC ms (0 while no clock could be believed). Within
one boot the monotonic clock tells the age whatever wall time does; across boots wall time does, if
somebody vouches for it now and did then.
"""

from contextlib import suppress
from pathlib import Path

from gated.core.model import ClockState, Moment

HOUR_MS = 3_600_000
WRITE_EVERY_MS = 600_000  # spares the card; a crash makes the list at most so much older

FILE_NAME = "hub-contact"


class HubContact:
    """Owns the file. Engine thread only; a card that refuses costs only what a restart knew."""

    def __init__(self, path: Path, boot: str) -> None:
        self._path = path
        self._boot = boot
        self._mono_ms: int | None = None
        self._utc_ms = 0
        self._written_ms: int | None = None
        self._read()

    def confirm(self, now: Moment) -> None:
        """The hub is there now; written at most every ten minutes."""
        self._mono_ms = now.mono_ms
        if now.clock is not ClockState.UNSURE:
            self._utc_ms = now.utc_ms
        if self._written_ms is None or now.mono_ms - self._written_ms >= WRITE_EVERY_MS:
            self.write()

    def write(self) -> None:
        """The last confirmation is on the card, if there was one in this boot."""
        if self._mono_ms is None:
            return
        self._written_ms = self._mono_ms
        written = self._path.with_suffix(".new")
        with suppress(OSError):
            written.write_text(f"{self._boot} {self._mono_ms} {self._utc_ms}\n", "ascii")
            written.replace(self._path)

    def age_h(self, now: Moment, made_utc_ms: int) -> int | None:
        """Return whole hours since the hub last stood behind a list made then.

        None: nobody can tell, because wall time is unsure and the hub was not seen in this boot.
        """
        ages_ms = []
        if self._mono_ms is not None:
            ages_ms.append(now.mono_ms - self._mono_ms)
        if now.clock is not ClockState.UNSURE:
            ages_ms.append(now.utc_ms - max(made_utc_ms, self._utc_ms))
        return max(0, min(ages_ms)) // HOUR_MS if ages_ms else None

    def _read(self) -> None:
        try:
            boot, mono, utc = self._path.read_text("ascii").split()
            mono_ms, utc_ms = int(mono), int(utc)
        except (OSError, ValueError):  # not there yet, or cut off by a lost plug
            return
        self._utc_ms = utc_ms
        if boot == self._boot:
            self._mono_ms = mono_ms
