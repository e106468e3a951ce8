"""The table a property office fills in: headings the importer knows and one invented line. Pure.

The line shows how a cell is written. Its identity number belongs to nobody, and the importer
refuses a table that still has it: an invented person on the list would be let in.
"""

from gated.core.model import Category
from gated.store import table_words as words
from gated.store.table_problems import Language

_EXAMPLE: dict[str, tuple[str, str]] = {
    "id_number": (words.EXAMPLE_NUMBER, words.EXAMPLE_NUMBER),
    "name": ("示例，请删除本行", "example, delete this line"),
    "phone": ("13800000000", "13800000000"),
    "building": ("3", "3"),
    "unit": ("2", "2"),
    "room": ("101", "101"),
    "category": ("居民", "resident"),
    "card": ("0012345678", "0012345678"),
    "status": ("外省来返", "from_other_province"),
    "from": ("2020-02-10", "2020-02-10"),
    "to": ("2020-02-24", "2020-02-24"),
    "flags": ("老人", "elder"),
}


def heading(column: str, language: Language) -> str:
    """Return what a template calls a column; the importer takes every spelling of it."""
    return column if language == "en" else words.HEADINGS[column].split()[0]


def headings(language: Language) -> list[str]:
    """Return the headings of every column, the required ones among them."""
    return [heading(column, language) for column in words.HEADINGS]


def example(language: Language) -> list[str]:
    """Return the example line, in the order of the headings."""
    return [_EXAMPLE[column][language == "en"] for column in words.HEADINGS]


def categories(language: Language) -> list[str]:
    """Return one word for every category that somebody of a list may have."""
    listed = (item for item in words.CATEGORIES if item is not Category.UNKNOWN)
    if language == "en":
        return [item.value for item in listed]
    return [words.CATEGORIES[item].split()[0] for item in listed]
