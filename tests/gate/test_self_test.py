"""`gated check` without a daemon: each part's state and remedy, nothing left behind."""

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from drivers.errors import DeviceUnavailable
from drivers.thermometer.device import Mlx90614
from drivers.thermometer.simulator import Fault, Mlx90614Model, SimulatedBus
from gated.config import CardReaderSection, Config, ThermometerSection
from gated.gate import probes
from gated.gate.devices import open_thermometer
from gated.gate.health import Health
from gated.gate.self_test import self_test
from gated.store.keys import write_secret
from tests.gate.gate_world import install, journal_in, resident, write_calibration
from tests.gate.site_files import without_rights

TRUST = '{"v": 1, "keys": []}'


@pytest.fixture
def site(tmp_path: Path) -> dict[str, Any]:
    """A whole configuration whose files exist, without devices."""
    (tmp_path / "store").mkdir()
    write_secret(tmp_path / "site.key")
    write_secret(tmp_path / "rest.key")
    (tmp_path / "trust.json").write_text(TRUST)
    return {
        "gate": {"id": "north-1", "site": "park", "clock": "trusted"},
        "store": {"dir": tmp_path / "store"},
        "keys": {
            "site": tmp_path / "site.key",
            "rest": tmp_path / "rest.key",
            "trust": tmp_path / "trust.json",
        },
    }


def check_of(site: dict[str, Any], **more: Any) -> Health:
    return self_test(Config.model_validate(site | more))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_new_gate_lacks_only_its_list(site: dict[str, Any]) -> None:
    health = check_of(site)
    assert health.faults() == ["roster"]
    assert "gated roster import" in health.part("roster").remedy
    assert health.part("card_reader").state == "off"
    assert health.part("storage").state == "ok"


def test_texts_that_cannot_be_used_are_named_with_their_key(
    site: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "texts.toml"
    path.write_text('[page]\nrefuse = { zh = "拒绝" }\n', "utf-8")
    screen = check_of(site, screen={"port": 0, "texts": path}).part("screen")
    assert screen.state == "fail"
    assert "texts.toml" in screen.detail
    assert "[page] refuse: has no en; write both languages" in screen.detail
    assert screen.remedy == f"gated texts check {path}"
    path.write_text('[page]\nrefuse = { zh = "拒绝", en = "No" }\n', "utf-8")
    assert check_of(site, screen={"port": 0, "texts": path}).part("screen").state == "ok"


def test_a_check_leaves_no_file_that_the_service_could_not_write(
    site: dict[str, Any], tmp_path: Path
) -> None:
    check_of(site)
    assert list((tmp_path / "store").iterdir()) == []


def test_a_list_and_a_journal_are_described(site: dict[str, Any], tmp_path: Path) -> None:
    with journal_in(tmp_path / "store"):
        pass
    install(tmp_path / "store", [resident(1)], 5)
    health = check_of(site)
    assert health.part("roster").detail == "revision 5, 1 persons"
    assert health.part("storage").detail.endswith(", 1 records"), "no hub, nothing waits for it"


def test_a_damaged_journal_is_a_fault(site: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "store" / "journal.db").write_bytes(b"not a database at all" * 50)
    part = check_of(site).part("storage")
    assert part.state == "fail"
    assert "journal.db" in part.detail


def test_a_missing_folder_names_the_command_that_makes_it(
    site: dict[str, Any], tmp_path: Path
) -> None:
    part = check_of(site, store={"dir": tmp_path / "none"}).part("storage")
    assert part.state == "fail"
    assert part.remedy.startswith("make it: install -d")
    assert not (tmp_path / "none").exists()


def test_a_missing_key_names_the_command_that_makes_it(
    site: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "site.key").unlink()
    part = check_of(site).part("keys")
    assert (part.state, str(tmp_path / "site.key") in part.detail) == ("fail", True)
    assert "gated keys init" in part.remedy


def test_a_reader_that_is_not_there_names_its_port_and_a_remedy(site: dict[str, Any]) -> None:
    part = check_of(site, card_reader=[{"port": "/dev/no-such-port"}]).part("card_reader")
    assert part.state == "fail"
    assert "/dev/no-such-port" in part.detail
    assert part.remedy


def test_a_camera_that_is_not_there_is_a_fault(site: dict[str, Any]) -> None:
    part = check_of(site, camera={"source": "/dev/video99"}).part("camera")
    assert (part.state, "/dev/video99" in part.detail) == ("fail", True)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"bus": 97}, "97"),
        ({"variant": "ZZZ"}, "ZZZ"),
        ({"variant": "AAA", "supply_v": 2.7}, "supply_v"),
    ],
)
def test_a_thermometer_that_cannot_work_is_a_fault(
    site: dict[str, Any], section: dict[str, Any], problem: str
) -> None:
    part = check_of(site, thermometer=section).part("thermometer")
    assert part.state == "fail"
    assert problem in part.detail


def test_a_broker_out_of_reach_is_a_warning_because_records_wait(site: dict[str, Any]) -> None:
    health = check_of(site, broker={"host": "127.0.0.1", "port": free_port(), "tls": False})
    assert health.part("broker").state == "warn"
    assert "records wait" in health.part("broker").remedy
    assert health.part("hub").state == "warn"


def test_a_broker_that_listens_answers(site: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        health = check_of(site, broker={"host": "127.0.0.1", "port": port, "tls": False})
    assert (health.part("broker").state, health.part("hub").state) == ("ok", "off")


def test_a_taken_screen_port_is_a_fault(site: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        part = check_of(site, screen={"port": port}).part("screen")
    assert (part.state, str(port) in part.detail) == ("fail", True)
    assert check_of(site, screen={"port": port}).part("screen").state == "ok"


def test_an_untrusted_clock_is_a_warning_or_better(site: dict[str, Any]) -> None:
    site["gate"]["clock"] = "auto"
    part = check_of(site).part("clock")
    assert part.state in ("ok", "warn")
    assert part.remedy or part.state == "ok"


def test_a_calibration_file_that_would_stop_the_gate_is_a_fault(
    site: dict[str, Any], tmp_path: Path
) -> None:
    from gated.gate.self_test import _calibration

    file = tmp_path / "site.toml"
    config = Config.model_validate(site | {"thermometer": {"site": file}})
    health = Health()
    for content, state in ((None, "fail"), ("k = 1\n", "fail")):
        if content:
            file.write_text(content)
        health.set("thermometer", "ok", "sees 22.0 °C")
        _calibration(config, health)
        assert health.part("thermometer").state == state
    write_calibration(file)
    health.set("thermometer", "ok", "sees 22.0 °C")
    _calibration(config, health)
    assert health.part("thermometer").state == "ok"


def test_a_user_without_rights_is_told_whom_to_be(site: dict[str, Any], tmp_path: Path) -> None:
    install(tmp_path / "store", [resident(1)])
    with without_rights(tmp_path / "store"):
        health = check_of(site)
    assert "storage" in health.faults()
    assert {"roster", "keys"} & set(health.faults())
    for part in health.faults():
        assert "sudo -u gated gated check" in health.part(part).remedy


def test_tls_files_that_cannot_be_used_are_a_fault(site: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "none.pem"):
        part = check_of(site, broker={"host": "127.0.0.1", "ca": tmp_path / name}).part("broker")
        assert (part.state, name in part.detail) == ("fail", True)


def test_two_readers_show_the_worse_one(
    site: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answering:
        def probe(self) -> str:
            return "0A1B"

        def close(self) -> None:
            """Nothing is open."""

    def opened(section: CardReaderSection) -> Answering:
        if section.port == "/dev/left":
            raise DeviceUnavailable("cannot open /dev/left: gone; check the cable")
        return Answering()

    monkeypatch.setattr(probes, "open_reader", opened)
    for ports in (("/dev/left", "/dev/right"), ("/dev/right", "/dev/left")):
        part = check_of(site, card_reader=[{"port": port} for port in ports]).part("card_reader")
        assert (part.state, part.detail) == ("fail", "cannot open /dev/left: gone")
    part = check_of(site, card_reader=[{"port": "/dev/right"}]).part("card_reader")
    assert (part.state, part.detail) == ("ok", "/dev/right: module 0A1B")


def test_what_is_odd_about_a_thermometer_is_told_beside_what_it_is(
    site: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(section: ThermometerSection) -> Mlx90614:
        return open_thermometer(section, lambda _: SimulatedBus(model))

    model = Mlx90614Model(time.monotonic)
    monkeypatch.setattr(probes, "open_thermometer", opened)
    part = check_of(site, thermometer={}).part("thermometer")
    assert (part.state, part.remedy[:18]) == ("warn", "calibrate the site")
    model.eeprom[0x24] = 0xFAE1
    part = check_of(site, thermometer={}).part("thermometer")
    assert part.state == "warn"
    assert "MLX90614 DCC at 0x5a, serial 1d7b8e020c175a41, conf" in part.detail
    assert ", 0 of 60 checksums wrong, sees 2" in part.detail
    assert part.detail.endswith(
        "; emissivity cell is 0xfae1, expected 0xffff: readings are wrong; not calibrated"
    )
    assert part.remedy.startswith("replace the sensor; calibrate the site")


def test_a_bus_that_is_not_there_says_how_to_switch_it_on(site: dict[str, Any]) -> None:
    part = check_of(site, thermometer={"bus": 250}).part("thermometer")
    assert (part.state, part.detail) == ("fail", "cannot open I2C bus /dev/i2c-250: no such bus")
    assert part.remedy == "switch I2C on with raspi-config (errno 2)"


def test_another_part_at_the_thermometers_address_is_named_as_such(
    site: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(section: ThermometerSection) -> Mlx90614:
        return open_thermometer(section, lambda _: SimulatedBus(model))

    model = Mlx90614Model(time.monotonic)
    model.eeprom[0x2E] = 0x2412
    model.fault(Fault.WRONG_PEC)
    monkeypatch.setattr(probes, "open_thermometer", opened)
    part = check_of(site, thermometer={}).part("thermometer")
    assert part.state == "fail"
    assert "what answers is no MLX90614, its address cell reads 0x2412" in part.detail
    assert "take them off this bus" in part.remedy
