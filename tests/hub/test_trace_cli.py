"""`gated hub trace` and `gated hub export`, as an officer types them at the hub."""

import csv
import io
import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from gated.cli.hub_trace import duration_ms
from gated.hub.trace import MINUTE_MS
from tests.support.hub_command import hub
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate
from tests.support.townsfolk import enter, id_number

WHY = ("--reason", "每日上报")
SPAN = ("--from", "2020-02-10T11:00", "--to", "2020-02-10")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = open_desk(tmp_path)
    anna, bert = enter(desk.office, ("王小明", "3-2-101"), ("李华", "3-2-102"))
    plant(desk.office, gate="north", t_ms=NOON_MS, person=anna)
    plant(desk.office, gate="north", t_ms=NOON_MS + 4 * MINUTE_MS, person=bert, direction="out")
    plant(desk.office, gate="north", t_ms=NOON_MS + MINUTE_MS)
    plant_gate(desk.office, "south", online=False, seen_ms=NOON_MS, last=9)
    plant_gate(desk.office, "west-1", site="west", seen_ms=NOON_MS)
    return desk


@pytest.fixture
def folder(tmp_path: Path, desk: Desk) -> Path:
    return tmp_path


def test_a_trace_is_printed_masked_and_says_what_is_missing(folder: Path) -> None:
    done = hub(folder, "trace", "王小明", *SPAN, "--reason", "密接排查")
    assert done.exit_code == 0, done.output
    assert "王*明 3-2-1**" in done.stdout
    assert "+4.0" in done.stdout
    assert "李* 3-2-1**" in done.stdout
    assert "unknown person: 2020-02-10 12:01:00 north in" in done.stdout
    assert "incomplete: gate south (offline)" in done.stderr
    assert "王小明" not in done.output


def test_whole_names_are_shown_when_asked_for_and_audited(folder: Path, desk: Desk) -> None:
    done = hub(folder, "trace", id_number(0), *SPAN, "--reason", "密接排查", "--full")
    assert "李华 3-2-102" in done.stdout
    actions = [(row.action, row.reason) for row in desk.office.audit.rows("east")]
    assert actions == [(action, "密接排查") for action in ("identity", "trace", "search")]


def test_programs_get_json_and_tables(folder: Path) -> None:
    table = folder / "out.csv"
    done = hub(folder, "trace", "王小明", *SPAN, "--reason", "排查", "--json", "--csv", str(table))
    found = json.loads(done.stdout)
    assert [c["name"] for c in found["contacts"]] == ["李*"]
    assert found["contacts"][0]["nearest_minutes"] == 4.0
    assert found["contacts"][0]["meetings"][0]["other"]["time"] == "2020-02-10T04:04:00Z"
    assert found["incomplete"][0]["missing"] == 9
    assert len(found["unknown"]) == 1
    text = table.read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["类型"] for row in rows] == ["数据不全", "本人通行", "同卡口接触", "身份不明"]
    assert (rows[2]["姓名"], rows[2]["间隔(分钟)"], rows[2]["对方进出"]) == ("李*", "4.0", "出")


def test_several_people_are_listed_masked_with_a_number_that_is_understood(folder: Path) -> None:
    unclear = hub(folder, "trace", "0000", *SPAN, "--reason", "排查")
    assert unclear.exit_code in (0, 1)
    desk = open_desk(folder)
    enter(desk.office, ("王小明", "5-1-201"), first=50)
    unclear = hub(folder, "trace", "王小明", *SPAN, "--reason", "排查")
    assert unclear.exit_code == 1
    assert "2 people are found" in unclear.stderr
    assert "王小明" not in unclear.output
    number = next(line.split()[0] for line in unclear.stderr.splitlines() if "3-2-1**" in line)
    done = hub(folder, "trace", number, *SPAN, "--reason", "排查")
    assert done.exit_code == 0, done.output
    assert "李* 3-2-1**" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("王小明", "--reason", "x", "--within", "soon"), 2, "no span of time"),
        (("王小明", "--reason", "x", "--from", "monday"), 2, "no ISO time"),
        (("nobody", "--reason", "x"), 1, "nobody of this site is found"),
        (("王小明",), 1, "a trace needs its reason"),
        (("王小明", "--reason", "x", "--from", "0001-01-01"), 2, "no records of that year"),
        (("王小明", "--reason", "x", "--to", "9999-12-31"), 2, "no records of that year"),
        (("王小明", "--reason", "x", "--site", "north"), 2, "no site 'north'"),
        (("王小明", "--reason", "x", "--gate", "nowhere"), 2, "its gates are south"),
        (("王小明", "--reason", "x", "--gate", "west-1"), 2, "its gates are south"),
        (("王小明", "--reason", "x", "--site", "west"), 1, "nobody of this site is found"),
        (
            ("王小明", "--reason", "x", "--from", "2020-02-11", "--to", "2020-02-10"),
            1,
            "ends before",
        ),
    ],
)
def test_what_cannot_be_traced_is_said_in_a_sentence(
    folder: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    done = hub(folder, "trace", *arguments)
    assert done.exit_code == code, done.output
    assert sentence in done.output


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90s", 90_000), ("10m", 600_000), ("10", 600_000), ("5 min", 300_000), ("1h", 3_600_000)],
)
def test_a_window_is_written_as_people_write_it(text: str, ms: int) -> None:
    assert duration_ms(text) == ms


def test_a_day_is_exported_to_stdout_or_into_a_file(folder: Path) -> None:
    done = hub(folder, "export", "--day", "2020-02-10", *WHY)
    rows = list(csv.reader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline="")))
    assert [row[3] for row in rows] == ["姓名", "王*明", "", "李*"]
    assert "3 lines of 2020-02-10" in done.stderr
    book = folder / "day.xlsx"
    again = hub(folder, "export", "--day", "2020-02-10", "--language", "en", str(book), *WHY)
    assert again.exit_code == 0, again.output
    assert load_workbook(book).worksheets[0]["D1"].value == "name"


@pytest.mark.parametrize("extra", [(), ("--full",), ("--reason", " ")])
def test_no_ledger_leaves_without_a_reason_masked_or_not(
    folder: Path, desk: Desk, extra: tuple[str, ...]
) -> None:
    refused = hub(folder, "export", "--day", "2020-02-10", *extra)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "an export needs --reason" in refused.stderr
    assert desk.office.audit.rows("east") == []


def test_a_masked_ledger_is_audited_with_its_reason(folder: Path, desk: Desk) -> None:
    hub(folder, "export", "--day", "2020-02-10", *WHY)
    (row,) = desk.office.audit.rows("east")
    assert (row.action, row.target) == ("export", "ledger:2020-02-10:masked")
    assert row.reason == WHY[1]


@pytest.mark.parametrize("where", ["no/such/folder/day.csv", "."])
def test_a_ledger_that_cannot_be_written_is_not_audited_as_one_that_left(
    folder: Path, desk: Desk, where: str
) -> None:
    refused = hub(folder, "export", "--day", "2020-02-10", *WHY, str(folder / where))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "cannot write" in refused.stderr
    (row,) = desk.office.audit.rows("east")
    assert (row.target, row.reason) == ("ledger:2020-02-10:masked", WHY[1])
    assert row.result == "not written"


def test_a_ledger_that_fails_while_it_is_written_has_a_second_row(folder: Path, desk: Desk) -> None:
    refused = hub(folder, "export", "--day", "2020-02-10", *WHY, "/dev/full")
    assert refused.exit_code == 1
    assert [row.result for row in desk.office.audit.rows("east")] == ["not written", "3 lines"]


def test_the_table_of_a_trace_is_written_in_the_language_asked_for(folder: Path) -> None:
    table = folder / "out.csv"
    asked = ("trace", "王小明", *SPAN, *WHY, "--csv", str(table))
    heads = []
    for extra in ((), ("--language", "zh"), ("--language", "en")):
        assert hub(folder, *asked, *extra).exit_code == 0
        heads.append(table.read_text("utf-8-sig").partition(",")[0])
    assert heads == ["类型", "类型", "kind"]
    assert hub(folder, *asked, "--language", "fr").exit_code == 2


def test_an_unknown_gate_is_refused_before_anybody_is_searched(folder: Path, desk: Desk) -> None:
    for gate in ("nowhere", "west-1"):
        refused = hub(folder, "trace", "王小明", *SPAN, *WHY, "--gate", gate)
        assert (refused.exit_code, refused.stdout) == (2, "")
    assert desk.office.audit.rows("east") == []


def test_whole_identities_are_exported_with_a_reason(folder: Path, desk: Desk) -> None:
    done = hub(folder, "export", "--day", "2020-02-10", "--full", "--reason", "上报")
    assert "王小明" in done.stdout
    (row,) = desk.office.audit.rows("east")
    assert (row.action, row.target) == ("export", "ledger:2020-02-10:full")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--day", "yesterday"), 2, "is no day"),
        (("--format", "xlsx"), 2, "needs a file"),
        (("--format", "pdf"), 2, "pdf"),
        (("--day", "2020-02-10", "no/such/folder/day.csv"), 1, "cannot write"),
        (("--day", "0001-01-01"), 1, "there are no records of 0001-01-01"),
        (("--day", "9999-12-31"), 1, "there are no records of 9999-12-31"),
        (("--site", "north"), 2, "no site 'north'"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_sentence(
    folder: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    done = hub(folder, "export", *arguments, *WHY)
    assert done.exit_code == code, done.output
    assert sentence in done.output


def test_a_trace_of_nothing_says_so_and_whether_everything_is_here(folder: Path) -> None:
    span = ("--from", "2020-02-01", "--to", "2020-02-02", "--reason", "排查")
    done = hub(folder, "trace", "王小明", *span)
    assert "no passages in this span" in done.stdout
    assert ("incomplete: " in done.stderr) != ("complete: every gate" in done.stderr)
    seen = hub(folder, "trace", "王小明", *SPAN, "--reason", "排查")
    assert "no passages" not in seen.stdout
    assert "complete: every gate" not in seen.stderr
