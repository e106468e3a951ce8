"""One table of health, and the socket that tells it to local commands."""

import errno
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gated.core.reasons import DEVICE_CODES
from gated.gate.control import ControlDenied, ControlServer, ControlSilent, running_health
from gated.gate.health import FAULT_CODES, PARTS, Health, Part
from tests.gate.site_files import without_rights
from tests.support.waiting import wait_until


@contextmanager
def served(path: Path, health: Health) -> Iterator[threading.Thread]:
    server = ControlServer(path, health)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        server.interrupt()
        thread.join(20)
        assert not thread.is_alive()


def test_parts_have_a_fixed_order_and_start_as_off() -> None:
    health = Health()
    assert [part.name for part in health.parts()] == list(PARTS)
    assert {part.state for part in health.parts()} == {"off"}


def test_set_returns_how_it_was() -> None:
    health = Health()
    assert health.set("camera", "fail", "dark", "light") == "off"
    assert health.set("camera", "ok") == "fail"
    assert health.part("camera") == Part("camera", "ok")


def test_only_failing_parts_are_faults() -> None:
    health = Health()
    health.set("camera", "fail")
    health.set("clock", "warn")
    assert health.faults() == ["camera"]


def test_an_unknown_part_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="toaster"):
        Health().set("toaster", "ok")


def test_every_fault_code_has_words_for_the_guard() -> None:
    assert set(FAULT_CODES) <= set(PARTS)
    assert set(FAULT_CODES.values()) <= set(DEVICE_CODES)


def test_a_local_command_hears_what_the_daemon_knows(tmp_path: Path) -> None:
    health = Health()
    health.set("roster", "warn", "旧名单", "import again")
    path = tmp_path / "gated.sock"
    with served(path, health):
        wait_until(lambda: running_health(path), what="an answer")
        assert running_health(path) == list(health.parts())
        assert path.stat().st_mode & 0o777 == 0o660
    assert not path.exists()
    assert running_health(path) is None


def test_a_socket_left_by_a_crash_means_nobody_runs_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "gated.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert running_health(path) is None
    with served(path, Health()):
        wait_until(lambda: running_health(path), what="an answer")


def test_a_caller_who_leaves_does_not_end_the_server(tmp_path: Path) -> None:
    path = tmp_path / "gated.sock"
    with served(path, Health()):
        wait_until(path.exists, what="the socket")
        wait_until(lambda: running_health(path), what="an answer")
        with socket.socket(socket.AF_UNIX) as hasty:
            hasty.connect(str(path))
        assert running_health(path) is not None


@pytest.mark.parametrize("answer", [b"", b'{"parts": [', b"\xff"])
def test_a_daemon_that_does_not_answer_is_named_not_bypassed(tmp_path: Path, answer: bytes) -> None:
    path = tmp_path / "gated.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)

        def hang_up() -> None:
            client, _ = server.accept()
            client.sendall(answer)
            client.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ControlSilent, match="does not answer"):
            running_health(path)
        thread.join(20)


def test_the_gate_goes_on_without_a_control_socket(tmp_path: Path) -> None:
    path = tmp_path / "no-such-folder" / "gated.sock"
    with capture_logs() as logs, served(path, Health()) as thread:
        wait_until(lambda: logs, what="the warning")
        assert thread.is_alive()
    assert logs[0]["event"] == "control.unavailable"


def test_no_more_files_to_open_does_not_end_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gated.sock"
    real, refusals = socket.socket.accept, [OSError(errno.EMFILE, "Too many open files")] * 2

    def accept(server: socket.socket) -> object:
        if refusals:
            raise refusals.pop()
        return real(server)

    monkeypatch.setattr(socket.socket, "accept", accept)
    with capture_logs() as logs, served(path, Health()) as thread:
        wait_until(lambda: not refusals, what="the refusals")
        wait_until(lambda: running_health(path), what="an answer")
        assert thread.is_alive()
    assert [line["event"] for line in logs] == ["control.unavailable"], "said once"


def test_a_socket_one_may_not_connect_to_is_not_taken_for_nobody(tmp_path: Path) -> None:
    path = tmp_path / "locked" / "gated.sock"
    path.parent.mkdir()
    with served(path, Health()):
        wait_until(lambda: path.exists() and running_health(path), what="an answer")
        with without_rights(path.parent), pytest.raises(ControlDenied, match="sudo -u gated"):
            running_health(path)


def test_the_answer_is_one_json_line(tmp_path: Path) -> None:
    path = tmp_path / "gated.sock"
    with served(path, Health()):
        wait_until(lambda: running_health(path), what="an answer")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            data = b"".join(iter(lambda: client.recv(65_536), b""))
    assert data.endswith(b"\n")
    assert [part["name"] for part in json.loads(data)["parts"]] == list(PARTS)
