"""The driver against a line and a reader that misbehave, on a real pseudo-terminal."""

import os
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.card_reader.device import SamReader
from drivers.card_reader.protocol import RefusalKind
from drivers.card_reader.protocol_dialogue import CardRefused
from drivers.card_reader.protocol_records import CardRead
from drivers.card_reader.simulator import Fault, SamSimulator
from drivers.card_reader.simulator_records import resident_record
from drivers.errors import CorruptData, DeviceUnavailable, DriverError

NUMBER = "11010519491231002X"
RECORD = resident_record("样本甲", NUMBER)
FIND, SELECT, READ, ADDRESS, MODULE = 0x2001, 0x2002, 0x3001, 0x3003, 0x12FF
LIMIT_S = 10.0
HURRY = 4.0  # the driver's seconds pass so much faster, so that its time-outs come soon


class HurriedPort:
    """A real serial port whose seconds are short ones."""

    def __init__(self, port: str, baud: int, hurry: float) -> None:
        self._hurry = hurry
        self._port = serial.Serial(port, baud, exclusive=True)
        self.timeout: float | None = None

    def read(self, size: int = 1, /) -> bytes:
        self._port.timeout = (self.timeout or 0.0) / self._hurry
        return bytes(self._port.read(size))

    def write(self, data: bytes, /) -> int | None:
        return self._port.write(data)

    def reset_input_buffer(self) -> None:
        self._port.reset_input_buffer()

    def cancel_read(self) -> None:
        self._port.cancel_read()

    def close(self) -> None:
        self._port.close()


def hurried(port: str, poll_s: float = 0.3, hurry: float = HURRY) -> SamReader:
    """Return a reader that lives so many times as fast as the clock on the wall."""
    return SamReader(
        port,
        poll_s=poll_s,
        clock=lambda: time.monotonic() * hurry,
        open_port=lambda path, baud: HurriedPort(path, baud, hurry),
    )


def until_broken(reader: SamReader) -> None:
    while reader.read(LIMIT_S):
        pass


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SamSimulator]:
    with SamSimulator(tmp_path / "reader") as simulator:
        yield simulator


@pytest.fixture
def reader(simulator: SamSimulator) -> Iterator[SamReader]:
    reader = SamReader(simulator.port, poll_s=0.02)
    yield reader
    reader.close()


def number_read(reader: SamReader) -> str:
    outcome = reader.read(LIMIT_S)
    assert isinstance(outcome, CardRead)
    return outcome.id_number


@pytest.mark.parametrize("command", [FIND, SELECT, READ])
@pytest.mark.parametrize(
    "fault", [Fault.NOISE, Fault.DUPLICATED, Fault.CARD_STATUS, Fault.DRIPPING]
)
def test_fault_that_leaves_the_answer_whole_costs_nothing(
    simulator: SamSimulator, reader: SamReader, fault: Fault, command: int
) -> None:
    simulator.misbehave(fault, on=command)
    simulator.present(RECORD)
    assert number_read(reader) == NUMBER
    assert simulator.heard == [FIND, SELECT, READ]
    assert reader.counters["retries"] == 0


@pytest.mark.parametrize("command", [FIND, SELECT])
@pytest.mark.parametrize(
    "fault", [Fault.TRUNCATED, Fault.SILENT, Fault.BAD_CHECKSUM, Fault.STRAY_BYTE]
)
def test_lost_answer_before_the_read_restarts_at_find(
    simulator: SamSimulator, fault: Fault, command: int
) -> None:
    reader = hurried(simulator.port)
    simulator.misbehave(fault, on=command)
    simulator.present(RECORD)
    assert number_read(reader) == NUMBER
    assert simulator.heard[-4:] == [MODULE, FIND, SELECT, READ]
    assert reader.counters["retries"] == 1
    reader.close()


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.BAD_CHECKSUM, Fault.STRAY_BYTE])
def test_garbled_record_is_asked_for_again(simulator: SamSimulator, fault: Fault) -> None:
    reader = hurried(simulator.port)
    simulator.misbehave(fault, on=READ)
    simulator.present(RECORD)
    assert number_read(reader) == NUMBER
    assert simulator.heard == [FIND, SELECT, READ, MODULE, READ]
    reader.close()


def test_bad_checksums_and_thrown_bytes_are_counted(
    simulator: SamSimulator, reader: SamReader
) -> None:
    simulator.misbehave(Fault.BAD_CHECKSUM, on=READ)
    simulator.misbehave(Fault.NOISE, on=FIND)
    simulator.present(RECORD)
    assert number_read(reader) == NUMBER
    counters = reader.counters
    assert counters["bad_checksum"] == 1
    assert counters["thrown_bytes"] == 1295 + 203
    assert counters["frames"] == 4
    assert counters["stale_answers"] == 0


def test_silent_read_tells_a_fault_and_the_next_presentation_is_read(
    simulator: SamSimulator,
) -> None:
    reader = hurried(simulator.port)
    simulator.misbehave(Fault.SILENT, on=READ)
    simulator.present(RECORD)
    assert reader.read(LIMIT_S) == CardRefused(RefusalKind.FAULT, 0)
    simulator.present(RECORD)
    assert number_read(reader) == NUMBER
    reader.close()


@pytest.mark.parametrize("command", [FIND, SELECT, READ, ADDRESS])
def test_hang_up_in_the_middle_of_an_answer_is_unavailable(
    simulator: SamSimulator, reader: SamReader, command: int
) -> None:
    simulator.misbehave(Fault.HANG_UP, on=command)
    simulator.present(RECORD)
    with pytest.raises(DeviceUnavailable, match="card reader"):
        until_broken(reader)
    simulator.plug()
    simulator.present(RECORD)
    again = SamReader(simulator.port)
    assert number_read(again) == NUMBER
    again.close()


@pytest.mark.parametrize("delay_s", [0.7, 1.5])
@pytest.mark.parametrize("command", [FIND, SELECT])
def test_late_answer_is_never_taken_for_the_next_one(
    simulator: SamSimulator, command: int, delay_s: float
) -> None:
    """It comes while the module number is asked for, for the first or the second time."""
    reader = hurried(simulator.port)
    simulator.misbehave(Fault.LATE, on=command, delay_s=delay_s / HURRY)
    simulator.present(RECORD)
    assert number_read(reader) == NUMBER
    assert reader.counters["stale_answers"] >= 1
    reader.close()


def test_late_record_of_a_card_long_gone_is_not_an_event(simulator: SamSimulator) -> None:
    reader = hurried(simulator.port)
    simulator.misbehave(Fault.LATE, on=READ, delay_s=3.5 / HURRY)
    simulator.present(RECORD)
    assert reader.read(LIMIT_S) == CardRefused(RefusalKind.FAULT, 0)
    simulator.remove()
    assert reader.read(3.0) is None
    assert reader.counters["stale_answers"] >= 1
    reader.close()


def test_lost_presence_answers_do_not_make_a_second_event(simulator: SamSimulator) -> None:
    reader = hurried(simulator.port, 0.1)
    simulator.present(RECORD)
    assert number_read(reader) == NUMBER
    simulator.misbehave(Fault.SILENT, on=ADDRESS, times=3)
    assert reader.read(3.5) is None
    assert simulator.heard.count(ADDRESS) >= 2
    reader.close()


def test_reader_that_falls_silent_is_unavailable(simulator: SamSimulator) -> None:
    reader = hurried(simulator.port)
    assert reader.read(0.5) is None
    simulator.misbehave(Fault.SILENT, times=100)
    with pytest.raises(DeviceUnavailable, match="does not answer"):
        reader.read(60.0)
    assert simulator.heard[-3:] == [FIND, MODULE, MODULE]


def test_reader_that_speaks_another_protocol_is_corrupt(simulator: SamSimulator) -> None:
    reader = hurried(simulator.port)
    simulator.misbehave(Fault.TRUNCATED, times=100)
    with pytest.raises(CorruptData, match="check its speed and its model"):
        reader.read(60.0)


def test_probe_of_a_silent_reader_is_unavailable(simulator: SamSimulator) -> None:
    reader = hurried(simulator.port)
    simulator.misbehave(Fault.SILENT, times=100)
    with pytest.raises(DeviceUnavailable, match="does not answer"):
        reader.probe()
    assert simulator.heard == [MODULE] * 3


@pytest.mark.parametrize("times", [1, 2])
def test_probe_survives_lost_answers(simulator: SamSimulator, times: int) -> None:
    reader = hurried(simulator.port)
    simulator.misbehave(Fault.SILENT, on=MODULE, times=times)
    assert reader.probe() == "05.01-20120101-0001234567-7654321"
    reader.close()


def test_answer_hidden_behind_a_broken_one_is_found(
    simulator: SamSimulator, reader: SamReader
) -> None:
    """The first find's answer is cut; the next answers come whole, glued to what is left."""
    simulator.misbehave(Fault.TRUNCATED, on=FIND)
    simulator.misbehave(Fault.DUPLICATED, times=5)
    simulator.present(RECORD)
    assert number_read(reader) == NUMBER


def test_nothing_of_the_card_is_in_any_text(simulator: SamSimulator, reader: SamReader) -> None:
    simulator.present(RECORD)
    card = reader.read(LIMIT_S)
    assert NUMBER not in repr(card)
    assert "样本甲" not in repr(card)
    simulator.unplug()
    with pytest.raises(DriverError) as caught:
        reader.read(LIMIT_S)
    assert NUMBER not in str(caught.value)
    assert NUMBER not in repr(vars(reader))


def spoken_garbage(master: int, garbage: list[bytes], ended: threading.Event) -> None:
    """Answer every request with the next piece of garbage, then keep silent."""
    pieces = iter(garbage)
    while not ended.is_set():
        try:
            if not os.read(master, 64):
                return
            os.write(master, next(pieces, b""))
        except OSError:
            return


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_garbage_never_crashes_the_driver_and_never_yields_a_card(garbage: list[bytes]) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    ended = threading.Event()
    speaker = threading.Thread(target=spoken_garbage, args=(master, garbage, ended), daemon=True)
    speaker.start()
    reader = hurried(os.ttyname(slave), hurry=20.0)
    try:
        assert not isinstance(reader.read(6.0), CardRead)
    except DriverError as error:
        message = str(error)
        assert message.startswith("card reader")
    finally:
        ended.set()
        reader.close()
        os.write(slave, b"end")
        speaker.join(LIMIT_S)
        os.close(slave)
        os.close(master)
