"""The driver on a real pseudo-terminal: reading, opening, waiting, being interrupted, hang-up."""

import errno
import os
import termios
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import serial

from drivers.card_reader.device import Port, SamReader
from drivers.card_reader.protocol import RefusalKind
from drivers.card_reader.protocol_dialogue import CardRefused
from drivers.card_reader.protocol_records import CardLayout, CardRead
from drivers.card_reader.simulator import SamSimulator
from drivers.card_reader.simulator_records import (
    address_data,
    foreigner_2017_record,
    foreigner_2023_record,
    permit_record,
    resident_record,
)
from drivers.errors import DeviceDenied, DeviceUnavailable

NUMBER = "11010519491231002X"
OTHER = "440524188001010014"
RECORD = resident_record("样本甲", NUMBER, valid_until=None)
OTHER_RECORD = resident_record("样本丙", OTHER)
LIMIT_S = 20.0  # far more than anything here takes


class JumpingClock:
    """Real monotonic seconds that a test can push forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SamSimulator]:
    with SamSimulator(tmp_path / "reader") as simulator:
        yield simulator


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def reader(simulator: SamSimulator, clock: JumpingClock) -> Iterator[SamReader]:
    reader = SamReader(simulator.port, poll_s=0.02, clock=clock)
    yield reader
    reader.close()


def read_card(reader: SamReader) -> CardRead:
    outcome = reader.read(LIMIT_S)
    assert isinstance(outcome, CardRead)
    return outcome


def heard_count(simulator: SamSimulator, command: int) -> int:
    return simulator.heard.count(command)


def look_again(reader: SamReader, simulator: SamSimulator) -> None:
    """The reader has asked what lies on it, heard the answer, and made nothing new of it."""
    before = len(simulator.heard)
    until_s = time.monotonic() + LIMIT_S
    while len(simulator.heard) < before + 2:
        assert reader.read(0.06) is None
        assert time.monotonic() < until_s, "the reader looks no more"


def test_presented_card_is_read(simulator: SamSimulator, reader: SamReader) -> None:
    simulator.present(RECORD)
    before_s = time.monotonic()
    card = read_card(reader)
    assert card.id_number == NUMBER
    assert card.name == "样本甲"
    assert card.valid_until is None
    assert card.layout is CardLayout.RESIDENT
    assert before_s <= card.read_at_s <= time.monotonic()
    assert simulator.heard == [0x2001, 0x2002, 0x3001]


@pytest.mark.parametrize(
    ("record", "layout", "name", "latin", "others"),
    [
        (permit_record("样本乙", NUMBER), CardLayout.PERMIT, "样本乙", "", ()),
        (
            foreigner_2017_record("ZHENGJIAN, YANGBEN", "PAK310080010103", name="证件样本"),
            CardLayout.FOREIGNER_2017,
            "证件样本",
            "ZHENGJIAN, YANGBEN",
            (),
        ),
        (
            foreigner_2023_record("ZHENGJIAN, YANGBEN", "931586198001010028", link="000"),
            CardLayout.FOREIGNER_2023,
            "",
            "ZHENGJIAN, YANGBEN",
            ("PAK310080010103",),
        ),
    ],
    ids=["permit", "foreigner 2017", "foreigner 2023"],
)
def test_other_cards_are_read(
    simulator: SamSimulator,
    reader: SamReader,
    record: bytes,
    layout: CardLayout,
    name: str,
    latin: str,
    others: tuple[str, ...],
) -> None:
    simulator.present(record)
    card = read_card(reader)
    assert (card.layout, card.name, card.latin_name) == (layout, name, latin)
    assert card.other_numbers == others
    assert card.valid_until == date(2035, 1, 1)


def test_empty_field_is_nothing_yet(simulator: SamSimulator, reader: SamReader) -> None:
    assert reader.read(0.05) is None
    assert set(simulator.heard) == {0x2001}


def test_read_without_patience_returns_and_still_gets_on(
    simulator: SamSimulator, reader: SamReader
) -> None:
    """Each call takes up where the last one stopped, even in the middle of an answer."""
    simulator.present(RECORD)
    until_s = time.monotonic() + LIMIT_S
    while (outcome := reader.read(0.0)) is None:
        assert time.monotonic() < until_s
    assert isinstance(outcome, CardRead)
    assert simulator.heard == [0x2001, 0x2002, 0x3001]


def test_answer_that_waited_for_an_absent_caller_is_taken(
    simulator: SamSimulator, clock: JumpingClock
) -> None:
    line = serial.Serial(simulator.port, exclusive=True)
    reader = SamReader(simulator.port, clock=clock, open_port=lambda _port, _baud: line)
    simulator.present(RECORD)
    until_s = time.monotonic() + LIMIT_S
    while 0x3001 not in simulator.heard:
        assert time.monotonic() < until_s
        assert reader.read(0.0) is None
    while line.in_waiting < len(RECORD) + 1024:
        assert time.monotonic() < until_s
    clock.ahead_s += 600.0
    assert read_card(reader).id_number == NUMBER
    assert reader.counters["retries"] == 0
    reader.close()


def test_read_honours_its_timeout_while_a_card_is_slow(tmp_path: Path) -> None:
    with SamSimulator(tmp_path / "reader", read_delay_s=0.3) as simulator:
        reader = SamReader(simulator.port)
        simulator.present(RECORD)
        assert reader.read(0.05) is None
        assert isinstance(reader.read(LIMIT_S), CardRead)
        assert heard_count(simulator, 0x3001) == 1
        reader.close()


@pytest.mark.parametrize("finds_lying", [False, True])
@pytest.mark.parametrize("tells_presence", [False, True])
def test_card_left_lying_is_one_event_on_every_kind_of_reader(
    simulator: SamSimulator,
    reader: SamReader,
    clock: JumpingClock,
    finds_lying: bool,
    tells_presence: bool,
) -> None:
    simulator.finds_lying, simulator.tells_presence = finds_lying, tells_presence
    simulator.present(RECORD, address=address_data("示例市样本区新住址9号"))
    read_card(reader)
    for _ in range(4):
        clock.ahead_s += 3.0
        look_again(reader, simulator)
    simulator.remove()
    look_again(reader, simulator)
    clock.ahead_s += 6.0
    simulator.present(RECORD)
    assert read_card(reader).id_number == NUMBER


def test_same_card_back_at_once_is_silent_but_another_is_not(
    simulator: SamSimulator, reader: SamReader
) -> None:
    simulator.present(RECORD)
    read_card(reader)
    simulator.remove()
    assert reader.read(0.15) is None
    simulator.present(RECORD)
    assert reader.read(0.15) is None
    simulator.present(OTHER_RECORD)
    assert read_card(reader).id_number == OTHER


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0x41, RefusalKind.HOLD_STILL),
        (0x31, RefusalKind.NOT_GENUINE),
        (0x32, RefusalKind.NOT_GENUINE),
        (0x33, RefusalKind.NOT_GENUINE),
        (0x40, RefusalKind.UNSUPPORTED),
        (0x24, RefusalKind.FAULT),
    ],
)
def test_refused_card_is_told_once(
    simulator: SamSimulator, reader: SamReader, status: int, kind: RefusalKind
) -> None:
    simulator.present(RECORD, status=status)
    assert reader.read(LIMIT_S) == CardRefused(kind, status)
    assert reader.read(0.1) is None


@pytest.mark.parametrize(("status", "word"), [(0x60, "self-test"), (0x66, "not authorised")])
def test_module_that_refuses_to_work_is_unavailable(
    simulator: SamSimulator, reader: SamReader, status: int, word: str
) -> None:
    simulator.module_status = status
    with pytest.raises(DeviceUnavailable, match=word):
        reader.read(LIMIT_S)
    with pytest.raises(DeviceUnavailable, match="is closed; open it again"):
        reader.read(LIMIT_S)


def test_probe_tells_the_modules_number(simulator: SamSimulator, reader: SamReader) -> None:
    assert reader.probe() == "05.01-20120101-0001234567-7654321"
    assert simulator.heard == [0x12FF, 0x12FF]
    simulator.present(RECORD)
    assert read_card(reader).id_number == NUMBER


def test_probe_in_the_middle_of_a_read_does_not_disturb_it(
    simulator: SamSimulator, reader: SamReader
) -> None:
    simulator.present(RECORD)
    assert reader.read(0.0) is None
    assert reader.probe().startswith("05.01")
    assert read_card(reader).id_number == NUMBER


def test_probe_of_a_broken_module_names_it(simulator: SamSimulator, reader: SamReader) -> None:
    simulator.module_status = 0x60
    with pytest.raises(DeviceUnavailable, match="self-test"):
        reader.probe()


def interrupted_after(simulator: SamSimulator, reader: SamReader, command: int) -> threading.Thread:
    """Interrupt the reader from another thread once this command has been heard."""

    def interrupt() -> None:
        until_s = time.monotonic() + LIMIT_S
        waiting = threading.Event()
        while command not in simulator.heard and time.monotonic() < until_s:
            waiting.wait(0.005)
        reader.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


def test_interrupt_ends_a_read_that_waits_for_a_card(
    simulator: SamSimulator, reader: SamReader
) -> None:
    thread = interrupted_after(simulator, reader, 0x2001)
    assert reader.read(60.0) is None
    thread.join()
    simulator.present(RECORD)
    assert read_card(reader).id_number == NUMBER


def test_interrupt_ends_a_read_that_waits_for_an_answer(tmp_path: Path) -> None:
    with SamSimulator(tmp_path / "reader", read_delay_s=1.0) as simulator:
        reader = SamReader(simulator.port)
        simulator.present(RECORD)
        thread = interrupted_after(simulator, reader, 0x2002)
        assert reader.read(60.0) is None
        thread.join()
        reader.close()


def test_interrupt_before_a_read_ends_that_read_only(
    simulator: SamSimulator, reader: SamReader
) -> None:
    simulator.present(RECORD)
    reader.interrupt()
    reader.interrupt()
    assert reader.read(60.0) is None
    assert simulator.heard == []
    assert read_card(reader).id_number == NUMBER


def test_close_and_interrupt_may_come_twice(simulator: SamSimulator, reader: SamReader) -> None:
    reader.close()
    reader.close()
    reader.interrupt()
    reader.interrupt()
    assert reader.read(1.0) is None
    with pytest.raises(DeviceUnavailable, match="is closed"):
        reader.read(1.0)


def test_pulled_plug_is_unavailable_and_a_new_reader_works(
    simulator: SamSimulator, reader: SamReader
) -> None:
    assert reader.read(0.05) is None
    simulator.unplug()
    with pytest.raises(DeviceUnavailable, match=simulator.port):
        reader.read(LIMIT_S)
    with pytest.raises(DeviceUnavailable, match="no such port"):
        SamReader(simulator.port)
    simulator.plug()
    simulator.present(RECORD)
    again = SamReader(simulator.port)
    assert read_card(again).id_number == NUMBER
    again.close()


def test_plug_pulled_while_a_read_blocks_ends_it(tmp_path: Path) -> None:
    with SamSimulator(tmp_path / "reader", read_delay_s=30.0) as simulator:
        reader = SamReader(simulator.port)
        simulator.present(RECORD)
        assert reader.read(0.1) is None
        pulling = threading.Timer(0.05, simulator.unplug)
        pulling.start()
        with pytest.raises(DeviceUnavailable):
            reader.read(LIMIT_S)
        pulling.join()


def test_missing_port_is_named_with_a_remedy(tmp_path: Path) -> None:
    port = str(tmp_path / "none")
    with pytest.raises(DeviceUnavailable, match=r"none: no such port; plug the reader in"):
        SamReader(port)


def test_port_that_is_no_terminal_is_unavailable(tmp_path: Path) -> None:
    port = tmp_path / "file"
    port.write_bytes(b"")
    with pytest.raises(DeviceUnavailable, match="file"):
        SamReader(str(port))


def test_port_in_use_is_denied(simulator: SamSimulator, reader: SamReader) -> None:
    with pytest.raises(DeviceDenied, match="another program uses it"):
        SamReader(simulator.port)


@pytest.mark.parametrize(
    ("error", "expected", "text"),
    [
        (OSError(errno.EACCES, "x"), DeviceDenied, "add user gated to group dialout"),
        (OSError(errno.EPERM, "x"), DeviceDenied, "add user gated to group dialout"),
        (OSError(errno.EBUSY, "x"), DeviceDenied, "another program uses it"),
        (OSError(errno.ENOENT, "x"), DeviceUnavailable, "no such port"),
        (OSError(errno.EIO, "x"), DeviceUnavailable, "check its plug"),
        (termios.error(errno.EIO, "x"), DeviceUnavailable, "check its plug"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_the_system_says_becomes_a_remedy(
    error: OSError | termios.error, expected: type[Exception], text: str
) -> None:
    def open_port(port: str, baud: int) -> Port:
        raise error

    with pytest.raises(expected, match=text) as caught:
        SamReader("/dev/serial0", open_port=open_port)
    assert "cannot open card reader /dev/serial0" in str(caught.value)
    assert caught.value.__cause__ is error


def test_speed_reaches_the_port() -> None:
    asked: list[tuple[str, int]] = []

    def open_port(port: str, baud: int) -> Port:
        asked.append((port, baud))
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    with pytest.raises(DeviceUnavailable):
        SamReader("/dev/serial0", 9600, open_port=open_port)
    assert asked == [("/dev/serial0", 9600)]
