"""A few values in a small JSON file of their own, written whole or not at all.

For what must survive a restart and is no record: who is on duty, which order came last. A file
that is missing, cut or strange is an empty one; whoever reads checks each value.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gated.core.canonical import Json, canonical
from gated.errors import StoreError
from gated.store.database import sync_folder

BYTES_MAX = 65_536


def read_small(path: Path) -> dict[str, object]:
    """Return the values in the file; empty when there is none that can be read."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(BYTES_MAX))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_small(path: Path, values: Mapping[str, Json]) -> None:
    """The values are on the card, in place of the former ones. Raises StoreError."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(canonical(dict(values)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror}; free space or change the card"
        ) from error
