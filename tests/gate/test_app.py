"""The whole program in a process of its own: how it starts, ends, and outlives a kill."""

import json
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from gated.cli.main import app as cli
from gated.config import load
from gated.core.model import ClockState
from gated.gate import app
from gated.gate.app import HEARTBEAT_MS
from gated.process import clock
from tests.gate.gate_world import GateInAThread, journal_in, records
from tests.gate.site_files import RunningGate, command, write_site

Refused = Callable[[Path], tuple[int, str]]


def run_once(config: Path) -> tuple[int, str]:
    done = command("run", "--config", str(config))
    return done.returncode, done.stderr


def test_a_stop_signal_ends_it_in_order_and_the_manager_hears_of_it(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "10000000"}
        with RunningGate(tmp_path, **environment) as gate:
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1"
            assert gate.stop() == 0
        manager.settimeout(0)
        said = []
        while True:
            try:
                said.append(manager.recv(100))
            except BlockingIOError:
                break
        assert said[-1] == b"STOPPING=1"
    assert not (tmp_path / "store" / "gated.sock").exists()
    last = json.loads(gate.log.read_text().splitlines()[-1])
    assert (last["event"], last["stuck"], last["failed"]) == ("gate.stopped", [], "")


def test_killed_at_once_it_has_lost_nothing_it_answered_for(tmp_path: Path) -> None:
    with RunningGate(tmp_path) as gate:
        for reason in ("known", "escort", "medical"):
            gate.press(reason)
        gate.stop(signal.SIGKILL)
    before = records(tmp_path / "store", "passage")
    assert [row["override_reason"] for row in before] == ["known", "escort", "medical"]
    with RunningGate(tmp_path) as gate:
        gate.press("rescue")
        assert gate.stop() == 0
    after = records(tmp_path / "store", "passage")
    assert after[:3] == before
    assert after[3]["override_reason"] == "rescue"
    seqs = [row["seq"] for row in records(tmp_path / "store")]
    assert seqs == list(range(2, 2 + len(seqs))), "no number was left out or used twice"


def test_a_running_gate_is_asked_by_check(tmp_path: Path) -> None:
    with RunningGate(tmp_path) as gate:
        done = command("check", "--json", "--config", str(tmp_path / "gated.toml"))
        rows = {row["name"]: row for row in json.loads(done.stdout)["parts"]}
        assert rows["screen"]["state"] == "ok"
        assert str(gate.port) in rows["screen"]["detail"]
        assert rows["storage"]["state"] == "ok"
        assert (rows["roster"]["state"], done.returncode) == ("fail", 1)
        assert done.stderr == ""
        walked = CliRunner().invoke(
            cli, ["check", "--walk", "--config", str(tmp_path / "gated.toml")]
        )
        assert "stop it first" in walked.stderr


def test_without_a_key_it_refuses_with_78(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    (tmp_path / "site.key").unlink()
    code, said = run_once(config)
    assert code == 78
    assert "site.key" in said


@pytest.fixture
def refused() -> Iterator[Refused]:
    """Runs the program in this process as far as its refusal; returns exit code and problem."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    def run(config: Path) -> tuple[int, str]:
        with capture_logs() as logs:
            code = app.run(load(config))
        return code, str([line["problem"] for line in logs if line["event"] == "start.refused"])

    yield run
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_with_a_broken_calibration_it_refuses_with_78(tmp_path: Path, refused: Refused) -> None:
    site = tmp_path / "calibration.toml"
    site.write_text("k = 1\n")
    code, said = refused(write_site(tmp_path, f'[thermometer]\nsite = "{site}"\n'))
    assert code == 78
    assert "calibration.toml" in said


def test_with_texts_that_lack_a_language_it_refuses_with_78(
    tmp_path: Path, refused: Refused
) -> None:
    texts = tmp_path / "texts.toml"
    texts.write_text('[page]\nrefuse = { zh = "拒绝" }\n', "utf-8")
    code, said = refused(write_site(tmp_path, f'[screen]\nport = 0\ntexts = "{texts}"\n'))
    assert code == 78
    assert f"texts {texts}:" in said
    assert "[page] refuse: has no en; write both languages" in said


def test_with_tls_files_that_are_no_pem_it_refuses_with_78(
    tmp_path: Path, refused: Refused
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    section = f'[broker]\nhost = "localhost"\nca = "{tmp_path}/ca.pem"\n'
    code, said = refused(write_site(tmp_path, section))
    assert code == 78
    assert "ca.pem" in said
    assert "PEM" in said


@pytest.mark.parametrize(("vouched", "believed"), [("trusted", True), ("auto", False)])
def test_the_uplink_believes_the_clock_as_far_as_the_gate_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vouched: str, believed: bool
) -> None:
    monkeypatch.setattr(clock, "_kernel_state", lambda: ClockState.UNSURE)
    path = write_site(tmp_path, '[broker]\nhost = "localhost"\ntls = false\n')
    path.write_text(path.read_text().replace('"trusted"', f'"{vouched}"'))
    config = load(path)
    assert config.broker is not None
    uplink = app._uplink(app._prepared(config), config.broker)
    assert uplink._clock_trusted() is believed


def test_the_screen_may_be_opened_under_the_names_of_its_section(tmp_path: Path) -> None:
    config = load(write_site(tmp_path, '[screen]\nport = 0\nnames = ["gate-1.lan"]\n'))
    with ExitStack() as closing:
        screens = app._bound_screens(app._prepared(config), closing)
        assert screens is not None
        assert screens.kiosk._names == ("gate-1.lan",)


def test_with_a_supply_the_sensor_does_not_stand_it_refuses_with_78(
    tmp_path: Path, refused: Refused
) -> None:
    section = '[thermometer]\nvariant = "AAA"\nsupply_v = 2.7\n'
    code, said = refused(write_site(tmp_path, section))
    assert code == 78
    assert "supply_v" in said


def test_a_file_where_the_store_should_be_ends_with_69_and_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("in the way")
    code, said = run_once(write_site(tmp_path))
    assert code == 69
    assert "install -d" in said
    assert "Traceback" not in said


def test_a_folder_where_the_journal_should_be_ends_with_69(
    tmp_path: Path, refused: Refused
) -> None:
    (tmp_path / "store" / "journal.db").mkdir(parents=True)
    code, said = refused(write_site(tmp_path))
    assert code == 69
    assert "journal.db" in said


def test_a_journal_another_process_writes_ends_with_69(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "store").mkdir()
    with journal_in(tmp_path / "store"):
        code, said = refused(write_site(tmp_path))
    assert code == 69
    assert "another process" in said


def test_a_list_pointer_that_cannot_be_opened_leaves_the_journal_ended_well(
    tmp_path: Path, refused: Refused
) -> None:
    (tmp_path / "store" / "roster.db").mkdir(parents=True)
    code, said = refused(write_site(tmp_path))
    assert code == 69
    assert "roster.db" in said
    with closing(sqlite3.connect(tmp_path / "store" / "journal.db")) as connection:
        assert connection.execute("SELECT clean FROM state").fetchone() == (1,)


def test_a_taken_port_ends_with_69_before_any_record(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, said = run_once(write_site(tmp_path, f"[screen]\nport = {port}\n"))
    assert code == 69
    assert str(port) in said
    assert not (tmp_path / "store" / "journal.db").exists()


@pytest.mark.parametrize(("age_ms", "fed"), [(0, True), (HEARTBEAT_MS + 1_000, False)])
def test_the_watchdog_is_fed_only_while_the_engines_heart_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_ms: int, fed: bool
) -> None:
    engine = GateInAThread(tmp_path).engine
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "10000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        engine.beat_ms = app._mono_ms() - age_ms
        app._feed_watchdog(engine)
        if fed:
            assert manager.recv(100) == b"WATCHDOG=1"
        else:
            with pytest.raises(BlockingIOError):
                manager.recv(100)
