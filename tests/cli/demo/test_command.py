"""`gated demo` refuses at once what would fail at the end, and prints its report in any case."""

import json
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gated.cli.demo import command as demo_command
from gated.cli.main import app


class Refused(Exception):
    """The demo began although it should not have."""


def never(*_: object) -> None:
    raise Refused


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo without people: it ends at once, and well."""

    class Nowhere:
        def __init__(self, *_: object, **_named: object) -> None:
            self.lanes = dict.fromkeys(demo_command.LANES, self)
            self.screen_url = "http://127.0.0.1:1/"
            self.pages_url = "http://127.0.0.1:2/"

        def build(self, _: object) -> None: ...
        def close(self) -> None: ...

    numbers = {
        "wrong_verdicts": 0,
        "hub": {"missing": 0, "duplicates_stored": 0},
        "chain_verified": True,
    }
    monkeypatch.setattr(demo_command, "World", Nowhere)
    monkeypatch.setattr(demo_command, "_play", lambda *_: None)
    monkeypatch.setattr(demo_command, "_closing_numbers", lambda *_: dict(numbers))


@pytest.mark.parametrize("name", ["foo", "", "ZXING"])
def test_an_unknown_decoder_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(demo_command, "World", never)
    done = CliRunner().invoke(app, ["demo", "--headless", "--decoder", name])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "auto, zxing, pyzbar" in done.stderr


@pytest.mark.parametrize(
    ("place", "words"), [("none/report.json", "make it first"), (".", "a file")]
)
def test_a_report_that_cannot_be_written_is_refused_before_anybody_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, words: str
) -> None:
    monkeypatch.setattr(demo_command, "World", never)
    done = CliRunner().invoke(app, ["demo", "--headless", "--report", str(tmp_path / place)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.usefixtures("played")
def test_the_report_is_printed_and_written(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    done = CliRunner().invoke(app, ["demo", "--headless", "--report", str(path)])
    assert done.exit_code == 0, done.output
    assert path.read_text("utf-8") == done.stdout
    assert json.loads(done.stdout)["chain_verified"] is True


@pytest.mark.parametrize(
    ("options", "guard_s"),
    [(["--headless"], 2.0), ([], 30.0), (["--headless", "--guard", "7"], 7.0)],
)
def test_a_check_waits_as_at_a_real_gate_when_people_look_on(
    monkeypatch: pytest.MonkeyPatch, options: list[str], guard_s: float
) -> None:
    waits: list[float] = []

    class Seen(demo_command.World):  # type: ignore[misc] - a stand-in of its own
        def build(self, _: object) -> None:
            waits.append(self.guard_s)
            raise KeyboardInterrupt

        def close(self) -> None: ...

    monkeypatch.setattr(demo_command, "World", Seen)
    CliRunner().invoke(app, ["demo", *options])
    assert waits == [guard_s]


@pytest.mark.usefixtures("played")
def test_the_report_is_printed_even_if_its_file_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    done = CliRunner().invoke(app, ["demo", "--headless", "--report", str(tmp_path / "r.json")])
    assert done.exit_code == 1
    assert json.loads(done.stdout.splitlines()[-1])["wrong_verdicts"] == 0
    assert "error: cannot write the report" in done.stderr
    assert "No space left on device" in done.stderr


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_demo_as_ctrl_c_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals
) -> None:
    closed = []

    class Ended(demo_command.World):  # type: ignore[misc] - a stand-in of its own
        def __init__(self, folder: Path, *_: object, **_named: object) -> None:
            super().__init__()
            self.folder = folder

        def build(self, _: object) -> None:
            os.kill(os.getpid(), number)

        def close(self) -> None:
            os.kill(os.getpid(), number)  # once more, while it clears up
            closed.append(self.folder)

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(demo_command, "World", Ended)
    before = signal.getsignal(number)
    done = CliRunner().invoke(app, ["demo", "--headless"])
    assert done.exit_code not in {0, None}
    assert [folder.exists() for folder in closed] == [False]
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) == before
