"""The thermometer's readings over the control socket: a stream beside the health of before."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from drivers.thermometer.simulator import Fault, Mlx90614Model, SimulatedBus
from gated.config import load
from gated.core.model import TemperatureState
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_reading import Reading, reading_of
from gated.core.thermometry_window import SensorSample
from gated.errors import ConfigError
from gated.gate.control import CALLERS_MAX, ControlDenied, ControlServer, running_health
from gated.gate.drift_watch import DriftWatch
from gated.gate.health import Health
from gated.gate.live_board import HELD, LiveBoard
from gated.gate.thermometer_desk import CalibrationFile, ThermometerDesk
from gated.gate.thermometer_source import Source, calibration_path, open_source
from tests.gate.gate_world import write_calibration
from tests.gate.site_files import without_rights, write_site
from tests.support.waiting import wait_until

TODAY = datetime(2026, 2, 7, tzinfo=UTC).date()
ROOM_MC, WRIST_MC, DIE_MC = 22_010, 33_410, 23_010  # on the sensor's scale of 0.02


class Sensor:
    """A desk with a board, fed every 150 ms of its own clock."""

    def __init__(self, calibration: Path | None = None) -> None:
        file = CalibrationFile(calibration)
        file.reread()
        self.board = LiveBoard()
        self.desk = ThermometerDesk(
            ThermometryConfig(warm_up_ms=0),
            file,
            0,
            DriftWatch(Path(os.devnull) / "none"),
            self.board,
        )
        self.now_ms = 0

    def see(self, mc: int, samples: int) -> tuple[Reading, ...]:
        mark = self.board.mark
        for number in range(samples):
            self.now_ms += 150
            sample = SensorSample(self.now_ms, mc + 20 * (number % 2), DIE_MC)
            self.desk.sampled(sample, TODAY)
        return self.board.after(mark).readings


def test_every_sample_is_told_with_each_step_of_correction(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    write_calibration(site, made=TODAY - timedelta(days=1), offset_mc=-100)
    sensor = Sensor(site)
    first = sensor.see(ROOM_MC, 20)[0]
    assert (first.background_mc, first.skin_mc, first.phase) == (None, None, "idle")
    told = sensor.see(WRIST_MC, 40)
    assert [one.phase for one in told if one.phase == "measuring"]
    last = told[-1]
    assert last.object_mc == 20 * last.object_code - 273_150
    assert last.ambient_mc == 20 * last.ambient_code - 273_150
    assert last.supply_mc == last.object_mc - 180, "3.3 V"
    assert last.offset_mc == last.supply_mc - 100
    assert last.skin_mc is not None
    assert last.surroundings_mc == ROOM_MC - 280
    assert last.skin_mc > last.offset_mc, "emissivity"
    assert (last.phase, last.calibrated) == ("holding", True)
    [taken] = [one.taken for one in told if one.taken is not None]
    assert taken.state is TemperatureState.NORMAL


def test_a_value_somebody_waits_for_is_marked_and_one_without_a_credential_is_not() -> None:
    sensor = Sensor()
    sensor.see(ROOM_MC, 20)
    [alone] = [one for one in sensor.see(WRIST_MC, 40) if one.taken]
    sensor.see(ROOM_MC, 20)
    sensor.desk.awaited = True
    [visit] = [one for one in sensor.see(WRIST_MC, 40) if one.taken]
    assert (alone.awaited, visit.awaited) == (False, True)


@contextmanager
def served(path: Path, live: LiveBoard | None) -> Iterator[None]:
    server = ControlServer(path, Health(), live)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        wait_until(path.exists, what="the socket")
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def working(source: Source) -> Iterator[LiveBoard]:
    stop = threading.Event()
    thread = threading.Thread(target=source.run, args=(stop,))
    thread.start()
    try:
        yield source.board
    finally:
        stop.set()
        source.interrupt()
        thread.join(20)
        assert not thread.is_alive()


def connected(path: Path, words: bytes) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    wait_until(lambda: client.connect_ex(str(path)) in (0, 106), what="the gate")
    with suppress(BrokenPipeError):  # hung up on at once
        client.sendall(words)
    return client


def hung_up(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:  # what was said was not even read
        return True


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    more = '[thermometer]\nbus = "sim"\nvariant = "DAA"\nwarm_up_s = 0\n'
    return write_site(tmp_path, more)


def test_a_command_reads_what_the_running_gate_tells(site: Path, tmp_path: Path) -> None:
    sensor, seen = Sensor(), list[Reading]()
    with ExitStack() as line:
        line.enter_context(served(tmp_path / "store" / "gated.sock", sensor.board))
        source = open_source(load(site))
        assert source.daemon
        with working(source) as board:

            def heard() -> bool:
                sensor.see(ROOM_MC, 3)
                seen.extend(board.after(len(seen)).readings)
                return len(seen) > 8

            wait_until(heard, what="readings")
            line.close()
            wait_until(lambda: board.after(board.mark).ended, what="the end")
            assert "the gate has stopped" in board.after(board.mark).ended
    assert seen[-1].object_mc in (ROOM_MC, ROOM_MC + 20)
    assert [one.mono_ms for one in seen] == sorted(one.mono_ms for one in seen)


def test_no_person_is_in_a_line_of_the_stream(tmp_path: Path) -> None:
    sensor, path = Sensor(), tmp_path / "gated.sock"
    with served(path, sensor.board), connected(path, b"thermometer\n") as client:
        data = b""
        while b"\n" not in data:
            sensor.see(ROOM_MC, 1)
            client.setblocking(False)
            try:
                data += client.recv(65_536)
            except BlockingIOError:
                continue
    row = json.loads(data.split(b"\n")[0])
    assert set(row) == set(Reading.__dataclass_fields__)
    assert reading_of(row).serial == ""


def test_a_reader_who_does_not_read_is_hung_up_on_and_others_are_served(tmp_path: Path) -> None:
    sensor, path = Sensor(), tmp_path / "gated.sock"
    with served(path, sensor.board), connected(path, b"thermometer\n") as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

        def gone() -> bool:
            sensor.see(ROOM_MC, HELD // 2)
            assert running_health(path) is not None
            try:  # still open: the sender's end takes or refuses a byte
                lazy.send(b"x")
            except (BrokenPipeError, ConnectionResetError):
                return True
            return False

        wait_until(gone, what="the gate to hang up")


def test_old_callers_who_say_nothing_hear_the_health(tmp_path: Path) -> None:
    path = tmp_path / "gated.sock"
    for words in (b"", b"\n", b"health\n", b"what\n", b"x" * 64):
        with served(path, None), connected(path, words) as client:
            data = b"".join(iter(partial(client.recv, 65_536), b""))
        assert "parts" in json.loads(data), words


def test_callers_beyond_the_limit_are_hung_up_on_and_the_health_comes_back(
    tmp_path: Path,
) -> None:
    sensor, path = Sensor(), tmp_path / "gated.sock"
    with served(path, sensor.board):
        many = [connected(path, b"thermometer\n") for _ in range(CALLERS_MAX)]
        late = connected(path, b"thermometer\n")
        assert hung_up(late)
        for one in (*many, late):
            one.close()

        def answers() -> bool:
            sensor.see(ROOM_MC, 1)  # whoever left is noticed with the next sample
            with connected(path, b"health\n") as client:
                try:
                    return bool(client.recv(1))
                except OSError:
                    return False

        wait_until(answers, what="room for a caller")


def test_a_gate_without_a_thermometer_says_so(site: Path, tmp_path: Path) -> None:
    with served(tmp_path / "store" / "gated.sock", None), working(open_source(load(site))) as board:
        wait_until(lambda: board.after(0).ended, what="the sentence")
        assert board.after(0).ended == "this gate has no thermometer"


def test_a_gate_one_may_not_ask_is_not_bypassed(site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with served(folder / "gated.sock", None):
        settings = load(site)
        with without_rights(folder), pytest.raises(ControlDenied, match="sudo -u gated"):
            open_source(settings)


def test_without_a_gate_the_sensor_is_opened_here_and_measures_as_the_gate_does(
    site: Path,
) -> None:
    model = Mlx90614Model(time.monotonic, variant="DAA")
    model.set_scene(None, 22.0)
    source = open_source(load(site), lambda _: SimulatedBus(model))
    assert not source.daemon
    with working(source) as board:
        wait_until(lambda: board.mark >= 8, what="the empty lane")
        model.set_scene(34.0)
        found: list[Reading] = []

        def measured() -> bool:
            found.extend(one for one in board.after(0).readings if one.taken)
            return bool(found)

        wait_until(measured, what="a value")
        assert found[0].taken is not None
        assert found[0].taken.state is TemperatureState.IN_LINE
        assert (found[0].serial, found[0].awaited) == ("1d7b8e020c175a41", False)
        model.fault(Fault.NACK)
        wait_until(lambda: board.after(board.mark).ended, what="the fault")
    assert "nobody answers" in board.after(board.mark).ended


@pytest.mark.parametrize("days", [1, 400])
def test_a_calibration_counts_here_as_it_does_at_the_gate(
    site: Path, tmp_path: Path, days: int
) -> None:
    settings = load(site)
    assert settings.thermometer is not None
    write_calibration(tmp_path / "c.toml", made=datetime.now(UTC).date() - timedelta(days=days))
    section = settings.thermometer.model_copy(update={"site": tmp_path / "c.toml"})
    settings = settings.model_copy(update={"thermometer": section})
    model = Mlx90614Model(time.monotonic, variant="DAA")
    with working(open_source(settings, lambda _: SimulatedBus(model))) as board:
        wait_until(lambda: board.mark > 0, what="a reading")
        assert board.after(0).readings[0].calibrated is (days == 1)
    assert calibration_path(settings) == tmp_path / "c.toml"


def test_a_calibration_belongs_beside_the_journal_when_no_place_is_named(site: Path) -> None:
    settings = load(site)
    assert calibration_path(settings) == settings.store.dir / "thermometer-site.toml"
    without = settings.model_copy(update={"thermometer": None})
    with pytest.raises(ConfigError, match=r"no \[thermometer\]"):
        open_source(without)
