"""What is plugged in, by names that survive replugging."""

from pathlib import Path

from gated.gate.found_devices import found_devices


def made(dev: Path, *names: str) -> None:
    for name in names:
        path = dev / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def labels(dev: Path, kind: str) -> list[str]:
    return [one.label for one in found_devices(dev)[kind]]


def test_an_empty_machine_has_nothing(tmp_path: Path) -> None:
    assert found_devices(tmp_path) == {"card": (), "camera": (), "wrist": ()}


def test_lasting_names_are_preferred_and_read_as_on_the_thing(tmp_path: Path) -> None:
    made(
        tmp_path,
        "serial/by-id/usb-FTDI_FT232R_USB_UART_A5069RR4-if00-port0",
        "serial0",
        "ttyUSB0",
        "v4l/by-id/usb-046d_HD_Webcam-video-index0",
        "v4l/by-id/usb-046d_HD_Webcam-video-index1",
        "video0",
    )
    assert labels(tmp_path, "card") == ["FTDI FT232R USB UART A5069RR4", "serial0"]
    assert labels(tmp_path, "camera") == ["046d HD Webcam"], "index1 carries no pictures"
    found = found_devices(tmp_path)["card"][0]
    assert found.path == str(tmp_path / "serial/by-id/usb-FTDI_FT232R_USB_UART_A5069RR4-if00-port0")


def test_without_lasting_names_the_others_count(tmp_path: Path) -> None:
    made(tmp_path, "ttyUSB0", "ttyACM0", "video0", "video1", "ttyS0")
    assert labels(tmp_path, "card") == ["ttyUSB0", "ttyACM0"]
    assert labels(tmp_path, "camera") == ["video0", "video1"]


def test_the_bus_of_the_header_comes_first(tmp_path: Path) -> None:
    made(tmp_path, "i2c-0", "i2c-1", "i2c-20")
    assert labels(tmp_path, "wrist") == ["i2c-1", "i2c-0", "i2c-20"]
