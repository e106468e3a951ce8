"""Failures of the program, sorted by remedy.

Device failures are in drivers/errors.py; a breach of our own invariants is an assertion.
"""


class GatedError(Exception):
    """Any failure that is reported to a person in one sentence, without a traceback."""


class ConfigError(GatedError, ValueError):
    """The configuration cannot be used: unknown key, value out of range, missing key file.

    Carries every problem at once, one per line. A person must act; `gated run` exits with 78.
    """


class ContractError(GatedError, ValueError):
    """The other side sent something the contract does not allow; the message is refused whole."""


class BundleRejected(GatedError, ValueError):
    """A signed bundle was refused; the old one stays. `code` says why, from a fixed list."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class StoreError(GatedError, OSError):
    """A database file cannot be opened or written; the message names the file and the remedy."""


class StoreBusy(StoreError):
    """Somebody else held the database too long; nothing was written. Heals by itself."""


class TransportDown(GatedError, ConnectionError):
    """The broker cannot be reached; records wait in the journal. Heals by itself."""


class TableError(GatedError, ValueError):
    """A roster table has bad lines; nothing was imported. Carries every bad line at once."""
