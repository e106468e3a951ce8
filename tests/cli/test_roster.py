"""`gated roster` takes a table whole or not at all, and shows the list only masked."""

import json
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from gated.cli import roster as command
from gated.core.id_number import check_character
from gated.errors import StoreError
from gated.store.keys import SiteKeys
from gated.store.roster import RosterStore
from gated.store.roster_table import BadTable

ZONE = ZoneInfo("Asia/Shanghai")
KEYS = SiteKeys(bytes(range(32)), bytes(range(32, 64)))
HEADING = "身份证号,姓名,手机,楼栋,单元,房号,类别,卡号,状态"


def row(number: int, rest: str = "王小明,13800001234,3,2,101,居民,,") -> str:
    first17 = f"11010519900101{number:03d}"
    return f"{first17}{check_character(first17)},{rest}"


@pytest.fixture
def config(tmp_path: Path) -> str:
    keys = tmp_path / "keys"
    keys.mkdir()
    for name, value in (("site", KEYS.site), ("rest", KEYS.rest)):
        (keys / name).write_text(value.hex() + "\n")
        (keys / name).chmod(0o600)
    (tmp_path / "data").mkdir()
    path = tmp_path / "gated.toml"
    path.write_text(
        '[gate]\nid = "north-1"\nsite = "park"\n\n'
        f'[store]\ndir = "{tmp_path / "data"}"\n\n'
        f'[keys]\nsite = "{keys / "site"}"\nrest = "{keys / "rest"}"\n'
    )
    return str(path)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def write(table: Path, *rows: str) -> str:
    table.write_text("\n".join([HEADING, *rows]), encoding="utf-8")
    return str(table)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(command.app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_an_import_says_what_it_changed(config: str, table: Path) -> None:
    first = write(table, row(1), row(2), row(3), row(3, "王小明,13800001234,3,2,101,居民,77,"))
    code, out, _ = run("import", first, "--config", config)
    assert code == 0
    assert out == "revision 1 serves: 4 lines, 3 persons, 1 cards, 3 added, 0 changed, 0 removed\n"
    second = write(
        table,
        row(2, "王小明,13800001234,3,2,101,居民,,居家隔离"),
        row(3, "王小明,13800001234,3,2,101,居民,77,挂失"),
        row(4),
    )
    code, out, _ = run("import", second, "--config", config)
    assert out == "revision 2 serves: 3 lines, 3 persons, 1 cards, 1 added, 2 changed, 1 removed\n"


def test_the_same_table_again_changes_nobody(config: str, table: Path) -> None:
    path = write(table, row(1), row(2))
    run("import", path, "--config", config)
    assert "0 added, 0 changed, 0 removed" in run("import", path, "--config", config)[1]


def test_a_changed_name_counts_as_changed(config: str, table: Path) -> None:
    run("import", write(table, row(1)), "--config", config)
    renamed = write(table, row(1, "李小明,13800001234,3,2,101,居民,,"))
    assert "0 added, 1 changed" in run("import", renamed, "--config", config)[1]


def test_a_dry_run_changes_nothing(config: str, table: Path, tmp_path: Path) -> None:
    code, out, _ = run("import", write(table, row(1)), "--dry-run", "--config", config)
    assert (code, out[:28]) == (0, "would become revision 1: 1 l")
    assert list((tmp_path / "data").glob("roster-*")) == []
    assert run("show", "--config", config)[0] == 1


def test_bad_lines_are_all_named_and_nothing_is_imported(
    config: str, table: Path, tmp_path: Path
) -> None:
    run("import", write(table, row(1)), "--config", config)
    bad = write(table, row(2), row(3, "王,,3,2,101,居明,,"), "110105199001019999,王,,,,,居民,,")
    code, out, err = run("import", bad, "--config", config)
    assert (code, out) == (1, "")
    assert "2 problems, nothing was imported" in err
    assert "居明" in err
    assert "…9999" in err
    assert "110105199001019999" not in err
    assert [path.name for path in (tmp_path / "data").glob("roster-*")] == ["roster-1-local.db"]


def test_more_bad_lines_than_fit_are_counted(config: str, table: Path) -> None:
    _, _, err = run("import", write(table, *["1,王,,,,,居民,,"] * 105), "--config", config)
    assert "and 5 more" in err


def test_a_missing_table_is_one_sentence(config: str, tmp_path: Path) -> None:
    code, _, err = run("import", str(tmp_path / "none.csv"), "--config", config)
    assert code == 1
    assert "cannot read none.csv: No such file" in err


def test_show_counts_and_names_nobody(config: str, table: Path) -> None:
    quarantined = row(2, "李四,,3,2,102,租户,77,居家隔离")
    run("import", write(table, row(1), quarantined), "--config", config)
    code, out, _ = run("show", "--config", config)
    assert code == 0
    assert out.splitlines()[1:] == [
        "2 persons, 1 cards",
        "  resident: 1",
        "  tenant: 1",
        "  home_quarantine: 1",
    ]
    code, out, _ = run("show", "--json", "--config", config)
    found = json.loads(out)
    assert found.pop("made").endswith("Z")
    assert found == {
        "rev": 1,
        "site": "park",
        "persons": 2,
        "cards": 1,
        "categories": {"resident": 1, "tenant": 1},
        "statuses": {"home_quarantine": 1},
    }


@pytest.mark.parametrize("room", ["3-2-102", "3栋-2单元-102室"])
def test_a_room_shows_its_people_masked(config: str, table: Path, room: str) -> None:
    people = (row(1), row(2, "李大四,13800001234,3,2,102,租户,77,居家隔离"))
    run("import", write(table, *people), "--config", config)
    code, out, _ = run("show", "--room", room, "--config", config)
    assert (code, out) == (0, "李*四  3-2-1**  tenant  home_quarantine\n")
    _, out, _ = run("show", "--room", room, "--json", "--config", config)
    assert json.loads(out) == [
        {"name": "李*四", "room": "3-2-1**", "category": "tenant", "statuses": ["home_quarantine"]}
    ]


@pytest.mark.parametrize(("room", "place"), [("101", ",,101"), ("3-101", "3,,101")])
def test_a_room_may_have_fewer_parts(config: str, table: Path, room: str, place: str) -> None:
    run("import", write(table, row(1, f"王小明,,{place},居民,,")), "--config", config)
    assert run("show", "--room", room, "--config", config)[0] == 0


def test_an_empty_room_and_an_empty_gate_exit_1(config: str, table: Path) -> None:
    code, _, err = run("show", "--config", config)
    assert code == 1
    assert "import one with" in err
    run("import", write(table, row(1)), "--config", config)
    code, _, err = run("show", "--room", "9-9-9", "--config", config)
    assert code == 1
    assert "nobody is registered for room 9-9-9" in err


def test_a_damaged_list_is_told_while_the_one_before_serves(
    config: str, table: Path, tmp_path: Path
) -> None:
    for number in (1, 2):
        run("import", write(table, row(number)), "--config", config)
    (tmp_path / "data" / "roster-2-local.db").unlink()
    code, out, err = run("show", "--config", config)
    assert code == 0
    assert out.startswith("revision 1 of park, made ")
    assert "roster-2-local.db" in err


def test_a_running_gate_notices_the_import(config: str, table: Path, tmp_path: Path) -> None:
    with closing(RosterStore(tmp_path / "data", KEYS)) as daemon:
        assert daemon.current() is None
        run("import", write(table, row(1)), "--config", config)
        assert daemon.changed()
        roster = daemon.current()
        assert roster is not None
        assert roster.by_id_number(row(1)[:18]).person is not None


def test_no_file_of_a_gate_holds_a_name_number_or_room(
    config: str, table: Path, tmp_path: Path
) -> None:
    canary = row(7, "欧阳金丝雀,13912345678,83,94,2605,租户,C0FFEE7788,")
    run("import", write(table, canary), "--config", config)
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes() + path.name.encode()
        for secret in (canary[:18], "金丝雀", "13912345678", "2605", "C0FFEE7788"):
            assert secret.encode() not in content, (path.name, secret)


def test_a_failed_import_leaves_no_temporary_file(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()

    def import_one(text: str) -> None:
        path = Path(write(table, text))
        command.import_table(path, store, KEYS, site="park", zone=ZONE, made_utc_ms=1)

    with closing(RosterStore(folder, KEYS)) as store:
        with pytest.raises(BadTable):
            import_one("1,,,,,,居民,,")
        store._connection.execute("PRAGMA query_only=ON")
        with pytest.raises(StoreError):
            import_one(row(1))
        assert list(folder.glob("*.tmp")) == []
        assert store.current() is None
