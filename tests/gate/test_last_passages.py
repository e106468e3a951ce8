"""When somebody passed before: told during a visit, remembered over a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gated.core.model import Direction
from gated.core.text import Text
from gated.gate import last_passages
from gated.gate.last_passages import LastPassages
from gated.texts import Texts, load, shipped
from tests.gate.gate_world import GateInAThread, install, resident

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 2, 7, 12, 0, tzinfo=SHANGHAI)
ANNA = b"a" * 16


def known(texts: Texts | None = None) -> LastPassages:
    return LastPassages(Text("东门", "East"), SHANGHAI, texts or shipped())


def test_the_line_is_the_operators(tmp_path: Path) -> None:
    """What is filled in is not looked through again: a gate's name may hold braces."""
    path = tmp_path / "texts.toml"
    path.write_text(
        '[passage]\nin = { zh = "{gate} {time} 进", en = "{gate} at {time}" }\n', "utf-8"
    )
    passages = LastPassages(Text("{time}门", "East"), SHANGHAI, load(path))
    passages.passed(ANNA, Direction.IN, round(NOON.timestamp() * 1000))
    assert passages.text(ANNA, NOON) == Text("{time}门 12:00 进", "East at 12:00")


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def test_today_is_a_time_and_before_it_a_day_as_well() -> None:
    passages = known()
    assert passages.text(ANNA, NOON) is None
    passages.passed(ANNA, Direction.OUT, ms(NOON - timedelta(hours=2, minutes=48)))
    assert passages.text(ANNA, NOON) == Text("上次: 出 09:12 东门", "Last: out 09:12 East")
    passages.passed(ANNA, Direction.IN, ms(NOON - timedelta(hours=13)))
    assert passages.text(ANNA, NOON) == Text(
        "上次: 进 02-06 23:00 东门", "Last: in 02-06 23:00 East"
    )


def test_the_day_is_the_sites_and_not_that_of_utc() -> None:
    passages = known()
    passages.passed(ANNA, Direction.OUT, ms(datetime(2026, 2, 6, 16, 30, tzinfo=UTC)))
    early = datetime(2026, 2, 7, 0, 40, tzinfo=SHANGHAI)
    assert passages.text(ANNA, early) == Text("上次: 出 00:30 东门", "Last: out 00:30 East")


def test_memory_has_an_end_and_forgets_who_was_away_longest() -> None:
    passages = known()
    for number in range(last_passages.PEOPLE_MAX + 1):
        passages.passed(number.to_bytes(16), Direction.OUT, ms(NOON))
    assert passages.text((0).to_bytes(16), NOON) is None
    assert passages.text((1).to_bytes(16), NOON) is not None


def last_text(gate: GateInAThread) -> str:
    shown = gate.feed.latest().snapshot.verdict
    assert shown is not None
    assert shown.person is not None
    return "" if shown.person.last is None else shown.person.last.en


def test_a_guard_sees_the_passage_before_this_one_also_after_a_restart(tmp_path: Path) -> None:
    install(tmp_path, [resident(1)])
    with GateInAThread(tmp_path, measures=False) as gate:
        gate.card(1)
        gate.until(lambda s: s.mode == "verdict", "the first passage")
        assert last_text(gate) == ""
    with GateInAThread(tmp_path, measures=False) as gate:
        gate.card(1)
        gate.until(lambda s: s.mode == "verdict", "the second passage")
        assert last_text(gate).startswith("Last: out ")
