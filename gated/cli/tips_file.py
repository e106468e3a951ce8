"""Prevention tips as a file: TOML with [[tips]], or a table with the columns zh and en."""

import tomllib
from pathlib import Path
from typing import Final

from gated.core.text import Text
from gated.errors import GatedError
from gated.store.table_file import read_rows

FILE_MAX: Final = 64 * 1024
_TABLE: Final = "tips"
_COLUMNS: Final = ("zh", "en")


class TipsUnreadable(GatedError, ValueError):
    """A file of tips is missing, no TOML, or has other keys than zh and en."""


def read_tips(path: Path) -> tuple[Text, ...]:
    """Return the tips of a file in their order; none of an empty one. Raises TipsUnreadable.

    A name that ends in .toml is TOML; anything else is a table, as `gated roster push` reads it.
    Raises TableError for a table that cannot be read.
    """
    return _of_toml(path) if path.suffix.lower() == ".toml" else _of_table(path)


def _of_toml(path: Path) -> tuple[Text, ...]:
    try:
        with path.open("rb") as file:
            found = tomllib.loads(file.read(FILE_MAX).decode("utf-8"))
    except OSError as error:
        raise TipsUnreadable(
            f"cannot read {path}: {error.strerror}; name a file this user may read"
        ) from error
    except ValueError as error:
        raise TipsUnreadable(f"cannot read {path}: {error}; write it as TOML in UTF-8") from error
    rows = found.get(_TABLE, [])
    if set(found) - {_TABLE} or not isinstance(rows, list):
        raise TipsUnreadable(f"cannot use {path}: it takes [[{_TABLE}]] with zh and en, no more")
    return tuple(_tip(path, row) for row in rows)


def _tip(path: Path, row: object) -> Text:
    texts = row if isinstance(row, dict) else {"": ""}
    good = set(texts) <= set(_COLUMNS) and all(isinstance(text, str) for text in texts.values())
    if not good:
        raise TipsUnreadable(f"cannot use {path}: a tip has the texts zh and en and no other key")
    return Text(texts.get("zh", ""), texts.get("en", ""))


def _of_table(path: Path) -> tuple[Text, ...]:
    rows = [[str(cell or "").strip() for cell in cells] for _, cells in read_rows(path)]
    if not rows:
        return ()
    head = [name.lower() for name in rows[0]]
    if not set(head) & set(_COLUMNS):
        raise TipsUnreadable(f"cannot use {path}: its first line names the columns, zh and en")
    found = []
    for row in rows[1:]:
        cells = dict(zip(head, row, strict=False))
        found.append(Text(cells.get("zh", ""), cells.get("en", "")))
    return tuple(found)
