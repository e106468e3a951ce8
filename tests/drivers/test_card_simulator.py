"""The simulator against the printed vectors, with a bare serial port and from another process."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import serial

from drivers.card_reader.simulator import Fault, SamSimulator
from drivers.card_reader.simulator_records import (
    address_data,
    foreigner_2017_record,
    foreigner_2023_record,
    permit_record,
    resident_record,
)

VECTORS = Path(__file__).parents[1] / "vectors"
PACKETS = json.loads((VECTORS / "id_card_packets.json").read_text("utf-8"))
RECORDS = json.loads((VECTORS / "id_card_records.json").read_text("utf-8"))
REQUESTS = {row["command"]: bytes.fromhex(row["request"]) for row in PACKETS["requests"]}
ANSWERS = {row["meaning"]: bytes.fromhex(row["packet"]) for row in PACKETS["answers"]}
ROWS = {row["record"]: row for row in RECORDS["records"]}
FIND, SELECT = REQUESTS["find card"], REQUESTS["select card"]
READ, ADDRESS = REQUESTS["read text + photo"], REQUESTS["read newest address"]
RECORD_R = bytes.fromhex(ROWS["R"]["hex"])
BUILT = {
    "R": resident_record(
        "样本甲",
        "11010519491231002X",
        sex="2",
        valid_from=date(2010, 1, 1),
        valid_until=None,
    ),
    "J": permit_record(
        "样本乙",
        "810000199001010035",
        valid_from=date(2020, 1, 2),
        valid_until=date(2025, 1, 2),
    ),
    "I": foreigner_2017_record(
        "ZHENGJIAN, YANGBEN",
        "PAK310080010103",
        name="证件样本",
        sex="2",
        valid_from=date(2023, 8, 8),
        valid_until=date(2033, 8, 7),
    ),
    "Y": foreigner_2023_record(
        "ZHENGJIAN, YANGBEN",
        "931586198001010028",
        name="证件样本",
        sex="2",
        times_renewed="00",
        link="000",
        valid_from=date(2023, 8, 8),
        valid_until=date(2033, 8, 7),
    ),
}


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SamSimulator]:
    with SamSimulator(tmp_path / "reader") as simulator:
        yield simulator


@pytest.fixture
def port(simulator: SamSimulator) -> Iterator[serial.Serial]:
    with serial.Serial(simulator.port, 115200, timeout=20.0) as port:
        yield port


def asked(port: serial.Serial, request: bytes, size: int) -> bytes:
    """Return the first size bytes that come after this request."""
    port.write(request)
    return bytes(port.read(size))


@pytest.mark.parametrize("name", "RJIY")
def test_built_records_are_the_printed_ones(name: str) -> None:
    assert BUILT[name].hex().upper() == ROWS[name]["hex"]


@pytest.mark.parametrize("name", "RJIY")
def test_read_answer_is_the_digested_one(
    simulator: SamSimulator, port: serial.Serial, name: str
) -> None:
    simulator.present(BUILT[name])
    assert asked(port, FIND, 15) == ANSWERS["found"]
    assert asked(port, SELECT, 19) == ANSWERS["selected"]
    packet = asked(port, READ, 1295)
    assert hashlib.sha256(packet).hexdigest() == ROWS[name]["sha256_30_01"]


def test_read_with_fingerprint_has_the_printed_check(
    simulator: SamSimulator, port: serial.Serial
) -> None:
    simulator.present(RECORD_R)
    asked(port, FIND, 15)
    asked(port, SELECT, 19)
    packet = asked(port, REQUESTS["read text + photo + fingerprint"], 1297)
    assert packet[5:7].hex().upper() == "050A"
    assert packet[-1:].hex().upper() == ROWS["R"]["check_30_10_plain"]


@pytest.mark.parametrize(
    ("command", "meaning"),
    [
        ("reset SAM", "done"),
        ("SAM status", "done"),
        ("SAM number", "SAM number 05.01-20120101-0001234567-7654321"),
        ("find card", "no card"),
        ("select card", "select failed"),
        ("read text + photo", "read failed"),
        ("read newest address", "read failed"),
    ],
)
def test_empty_reader_gives_the_printed_answers(
    port: serial.Serial, command: str, meaning: str
) -> None:
    assert asked(port, REQUESTS[command], len(ANSWERS[meaning])) == ANSWERS[meaning]


def test_newest_address_is_the_printed_one(simulator: SamSimulator, port: serial.Serial) -> None:
    row = RECORDS["newest_address"]
    simulator.present(RECORD_R, address=address_data(row["text"]))
    asked(port, FIND, 15)
    asked(port, SELECT, 19)
    asked(port, READ, 1295)
    packet = asked(port, ADDRESS, 81)
    assert packet.hex().upper() == "AAAAAA9669004A000090" + row["hex"] + row["check"]


def test_read_card_is_not_found_again_but_tells_its_presence(
    simulator: SamSimulator, port: serial.Serial
) -> None:
    simulator.present(RECORD_R)
    asked(port, FIND, 15)
    asked(port, SELECT, 19)
    asked(port, READ, 1295)
    assert asked(port, FIND, 11) == ANSWERS["no card"]
    assert asked(port, ADDRESS, 11) == ANSWERS["no newest address"]
    simulator.remove()
    assert asked(port, ADDRESS, 11) == ANSWERS["read failed"]


def test_read_without_select_is_a_wrong_command(
    simulator: SamSimulator, port: serial.Serial
) -> None:
    simulator.present(RECORD_R)
    assert asked(port, READ, 11)[9] == 0x21


def test_request_with_a_wrong_check_is_told(port: serial.Serial) -> None:
    assert asked(port, FIND[:-1] + b"\x00", 11) == ANSWERS["our checksum was bad"]


def test_request_in_pieces_after_rubbish_is_understood(port: serial.Serial) -> None:
    port.write(b"\x00\xaa\xaa" + FIND[:4])
    port.flush()
    assert asked(port, FIND[4:], 11) == ANSWERS["no card"]


def test_unknown_command_is_refused(port: serial.Serial) -> None:
    request = bytes.fromhex("AAAAAA966900036000 63")
    assert asked(port, request, 11)[9] == 0x21


@pytest.mark.parametrize(
    ("status", "meaning"), [(0x60, "self-test failed"), (0x66, "not authorised")]
)
def test_bad_module_answers_everything_so(
    simulator: SamSimulator, port: serial.Serial, status: int, meaning: str
) -> None:
    simulator.module_status = status
    assert asked(port, FIND, 11) == ANSWERS[meaning]
    assert asked(port, READ, 11) == ANSWERS[meaning]


def test_card_status_fault_is_the_printed_answer(
    simulator: SamSimulator, port: serial.Serial
) -> None:
    simulator.misbehave(Fault.CARD_STATUS)
    assert asked(port, READ, 11) == ANSWERS["read failed, card status 6982"]


def test_stray_byte_fault_is_the_answer_seen_in_the_field(
    simulator: SamSimulator, port: serial.Serial
) -> None:
    simulator.present(RECORD_R)
    simulator.misbehave(Fault.STRAY_BYTE, on=0x2002)
    asked(port, FIND, 15)
    expected = bytes.fromhex("AA00AAAA9669000C0000900000000000009C")
    assert asked(port, SELECT, len(expected)) == expected


def test_faults_wear_off_and_can_be_called_off(
    simulator: SamSimulator, port: serial.Serial
) -> None:
    simulator.misbehave(Fault.DUPLICATED)
    assert asked(port, FIND, 22) == ANSWERS["no card"] * 2
    simulator.misbehave(Fault.BAD_CHECKSUM, times=50)
    assert asked(port, FIND, 11) != ANSWERS["no card"]
    simulator.behave()
    assert asked(port, FIND, 11) == ANSWERS["no card"]


def test_link_leads_to_the_new_terminal_after_replugging(
    simulator: SamSimulator, port: serial.Serial
) -> None:
    simulator.unplug()
    simulator.unplug()
    with pytest.raises(serial.SerialException):
        asked(port, FIND, 11)
    simulator.plug()
    simulator.plug()
    with serial.Serial(simulator.port, 115200, timeout=20.0) as fresh:
        assert asked(fresh, FIND, 11) == ANSWERS["no card"]


def test_without_a_link_the_terminal_itself_is_the_port() -> None:
    with SamSimulator() as simulator:
        assert simulator.port.startswith("/dev/")
    simulator.close()
    simulator.unplug()


def test_closing_takes_the_link_away(tmp_path: Path) -> None:
    link = tmp_path / "reader"
    with SamSimulator(link):
        assert link.is_symlink()
    assert not link.is_symlink()


def test_driver_in_another_process_reads_the_card(simulator: SamSimulator) -> None:
    simulator.present(BUILT["J"])
    program = (
        "import sys; from drivers.card_reader.device import SamReader; "
        "reader = SamReader(sys.argv[1]); card = reader.read(10.0); reader.close(); "
        "print(card.layout, card.valid_until)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, simulator.port],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "permit 2025-01-02"


def test_a_rare_character_takes_two_units_and_the_record_stays_whole() -> None:
    record = resident_record("张𠮷", "11010519491231002X")
    assert len(record) == 256
    assert record[:6].decode("utf-16-le") == "张𠮷"
    assert record[122:158].decode("utf-16-le").rstrip() == "11010519491231002X"
