"""Invented people and a journal on a real file."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gated.core.id_number import check_character
from gated.core.model import Category, ClockState, Moment
from gated.store.journal import Journal
from gated.store.keys import SiteKeys
from gated.store.roster import LOCAL, RosterStore
from gated.store.roster_build import Card, RosterInfo, RosterRow, build

MOMENT = Moment(mono_ms=1_000, utc_ms=1_581_300_000_000, clock=ClockState.SYNCED)

OpenJournal = Callable[..., Journal]
BuildRoster = Callable[..., RosterInfo]


@pytest.fixture
def keys() -> SiteKeys:
    return SiteKeys(site=bytes(range(32)), rest=bytes(range(32, 64)))


@pytest.fixture
def moment() -> Moment:
    return MOMENT


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def open_journal(journal_path: Path) -> Iterator[OpenJournal]:
    """Opens the journal under epochs 0…01, 0…02 …; closes what a test left open."""
    numbers = count(1)
    opened: list[Journal] = []

    def open_one() -> Journal:
        journal = Journal(
            journal_path,
            boot="b0075",
            new_epoch=lambda: f"{next(numbers):016x}",
            now=lambda: MOMENT,
        )
        opened.append(journal)
        return journal

    yield open_one
    for journal in opened:
        journal.close()


def id_number(number: int) -> str:
    """Return a valid invented number, another for each `number` below a million."""
    first17 = f"{110101 + number // 1000}19900101{number % 1000:03d}"
    return first17 + check_character(first17)


def resident(number: int, **changes: Any) -> RosterRow:
    """Return an invented resident of building 3, with card `number`."""
    fields: dict[str, Any] = {
        "category": Category.RESIDENT,
        "id_number": id_number(number),
        "name": "王小明",
        "phone": "13800001234",
        "building": "3",
        "unit": "2",
        "room": str(101 + number),
        "cards": (Card(str(7000 + number)),),
    }
    return RosterRow(**{**fields, **changes})


@pytest.fixture
def person() -> Callable[..., RosterRow]:
    return resident


@pytest.fixture
def number_of() -> Callable[[int], str]:
    return id_number


@pytest.fixture
def build_roster(tmp_path: Path, keys: SiteKeys) -> BuildRoster:
    def build_one(
        rows: list[RosterRow], rev: int = 1, made_utc_ms: int = 5, name: str = "new.tmp"
    ) -> RosterInfo:
        return build(rows, keys, tmp_path / name, rev, made_utc_ms, "park")

    return build_one


@pytest.fixture
def roster_store(tmp_path: Path, keys: SiteKeys) -> Iterator[RosterStore]:
    store = RosterStore(tmp_path, keys)
    yield store
    store.close()


@pytest.fixture
def install(
    roster_store: RosterStore, build_roster: BuildRoster, tmp_path: Path
) -> Callable[[list[RosterRow], int], None]:
    def install_one(rows: list[RosterRow], rev: int) -> None:
        info = build_roster(rows, rev)
        roster_store.install(tmp_path / "new.tmp", info, LOCAL, rev, info.sha256)

    return install_one
