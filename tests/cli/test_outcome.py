"""Every command ends the same way: errors begin with a word, a bad configuration ends with 78."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from gated.cli.main import main
from gated.cli.roster import import_table
from gated.core.id_number import check_character
from gated.store.keys import read_site_keys
from gated.store.roster import RosterStore
from tests.gate.site_files import command, write_site

HEADING = "身份证号,姓名,类别"
WITH_CONFIG = [
    "run",
    "check",
    "roster import people.csv",
    "roster show",
    "roster push people.csv",
    "journal tail",
    "journal verify",
    "journal export",
    "pass verify GP1:X",
    "hub gates",
    "hub run",
]


def person(number: int) -> str:
    first17 = f"1101051990{number % 9 + 1:02d}{number // 9 % 28 + 1:02d}{number // 252:03d}"
    return f"{first17}{check_character(first17)},王小明,居民"


def table(folder: Path, *rows: str) -> Path:
    path = folder / "people.csv"
    path.write_text("\n".join([HEADING, *rows, ""]), "utf-8")
    return path


Ends = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ends:
    """Runs `gated` with these words in this process, to its end: starting one takes longer."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["gated", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, ended.value.code, said.out, said.err)

    return run


@pytest.mark.parametrize("words", WITH_CONFIG)
def test_without_a_good_configuration_every_command_exits_78(
    tmp_path: Path, ends: Ends, words: str
) -> None:
    faulty = tmp_path / "gated.toml"
    faulty.write_text("[gate]\nid = 1\n")
    done = ends(*words.split(), "--config", str(faulty))
    assert done.returncode == 78
    assert "Traceback" not in done.stderr
    if words == "check":
        assert done.stdout.startswith("FAIL  config")
    else:
        assert done.stdout == ""
        assert done.stderr.startswith("error: configuration ")


@pytest.mark.parametrize(
    "words",
    [
        "roster import none.csv",
        "roster show",
        "journal verify",
        "scan none.png",
        "pass show X",
        "pass keygen --out nowhere/key.pem",
        "keys init /dev/null/keys",
    ],
)
def test_every_failure_begins_with_the_word_error_and_no_empty_line(
    tmp_path: Path, ends: Ends, words: str
) -> None:
    config = write_site(tmp_path)
    (tmp_path / "store").mkdir()
    takes = words.split(maxsplit=1)[0] in {"roster", "journal"}
    done = ends(*words.split(), *(["--config", str(config)] if takes else []))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")


def test_an_import_that_nobody_watches_prints_no_empty_line(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    (tmp_path / "store").mkdir()
    good = command("roster", "import", str(table(tmp_path, person(1))), "--config", str(config))
    assert (good.returncode, good.stderr) == (0, "")
    bad = command("roster", "import", str(table(tmp_path, "1,王,居民")), "--config", str(config))
    assert bad.returncode == 1
    lines = bad.stderr.splitlines()
    assert lines[0].strip() == "Bad lines"
    assert lines[-1] == (
        "error: 1 problem, nothing was imported; correct the table and import again"
    )


def test_an_import_on_a_terminal_shows_a_bar_with_the_share_done(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    (tmp_path / "store").mkdir()
    path = table(tmp_path, *(person(number) for number in range(4000)))
    words = ["-m", "gated.cli.main", "roster", "import", str(path), "--config", str(config)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=theirs, text=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = drained(ours)
        assert process.stdout is not None
        assert process.stdout.read().startswith("revision 1 serves: 4000 lines, 4000 persons")
    assert process.returncode == 0
    assert "━" in shown
    assert "%" in shown
    assert "building" in shown


def drained(terminal: int) -> str:
    """Return all that is written to a terminal until its other end is closed."""
    said = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(terminal)
    return said.decode("utf-8", "replace")


def test_both_phases_of_an_import_tell_their_share_rising(tmp_path: Path) -> None:
    write_site(tmp_path)
    keys = read_site_keys(*(next(tmp_path.rglob(name)) for name in ("site.key", "rest.key")))
    folder = tmp_path / "store"
    folder.mkdir()
    told: list[tuple[str, float | None]] = []
    path = table(tmp_path, *(person(number) for number in range(3000)))
    store = RosterStore(folder, keys)
    import_table(
        path, store, keys, site="park", zone=UTC, made_utc_ms=1,
        progress=lambda phase, share: told.append((phase, share)),
    )  # fmt: skip
    store.close()
    for phase in ("reading", "building"):
        shares = [share or 0.0 for name, share in told if name == phase]
        assert len(shares) > 2
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1.0, abs=0.01)
    assert [name for name, _ in told] == sorted((name for name, _ in told), reverse=True)
