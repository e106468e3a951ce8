"""The project's pages and the tables in them, as the docs tests see them."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = ("README.md", "CHANGELOG.md", "config/README.md", "systemd/README.md")


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def pages() -> tuple[str, ...]:
    """Return every page of the project, paths relative to the checkout."""
    docs = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
    drivers = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("drivers/**/*.md"))
    return (*PAGES, *docs, *drivers)


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one of its level or above."""
    level = heading.split(" ", 1)[0]
    _, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    assert found, f"no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of every table row, headings and rulers left out."""
    ruled = False
    for line in text.splitlines():
        if not line.startswith("|"):
            ruled = False
        elif set(line) <= set("|-: "):
            ruled = True
        elif ruled:
            yield [cell.strip() for cell in line.strip("|").split("|")]


def quoted(cell: str) -> list[str]:
    """Return what stands between backquotes."""
    return re.findall(r"`([^`]+)`", cell)


def anchors(text: str) -> set[str]:
    """Return the names by which headings of a page can be linked."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
