"""The camera against a real MJPEG stream through OpenCV, and against files.

Waits are bounded waits for a condition; no test asserts how long something took.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.errors import CorruptData, DeviceDenied, DeviceUnavailable, DriverError
from drivers.qr_camera.decode import Decoder
from drivers.qr_camera.device import AGE_MAX_S, Camera, Frame
from drivers.qr_camera.protocol import CodeWatch
from drivers.qr_camera.simulator import Fault, MjpegSimulator
from drivers.qr_camera.sources import shown

VECTORS = Path(__file__).parents[1] / "vectors" / "qr"
PASS = (VECTORS / "pass.txt").read_text()
FPS = 30
LIMIT_S = 20.0


@pytest.fixture
def simulator() -> Iterator[MjpegSimulator]:
    with MjpegSimulator(640, 480, FPS) as simulator:
        yield simulator


def opened(simulator: MjpegSimulator, read_timeout_s: float = 1.0) -> Camera:
    return Camera(simulator.url, 640, 480, FPS, open_timeout_s=3, read_timeout_s=read_timeout_s)


@pytest.fixture
def camera(simulator: MjpegSimulator) -> Iterator[Camera]:
    with opened(simulator) as camera:
        yield camera


def frames(camera: Camera, count: int) -> list[Frame]:
    got: list[Frame] = []
    end_s = time.monotonic() + LIMIT_S
    while len(got) < count and time.monotonic() < end_s:
        frame = camera.read(1.0)
        if frame is not None:
            got.append(frame)
    assert len(got) == count
    return got


def until(camera: Camera, wanted: Callable[[Frame], bool]) -> Frame:
    end_s = time.monotonic() + LIMIT_S
    while time.monotonic() < end_s:
        frame = camera.read(1.0)
        if frame is not None and wanted(frame):
            return frame
    pytest.fail("no such frame")


def failure(camera: Camera) -> DriverError:
    end_s = time.monotonic() + LIMIT_S
    try:
        while time.monotonic() < end_s:
            camera.read(0.5)
    except DriverError as error:
        return error
    pytest.fail("the camera did not fail")


def capture_ended() -> bool:
    end_s = time.monotonic() + LIMIT_S
    pause = threading.Event()
    while any(thread.name.startswith("camera http") for thread in threading.enumerate()):
        if time.monotonic() > end_s:
            return False
        pause.wait(0.01)
    return True


class TestStream:
    def test_frames_are_grey_and_of_the_cameras_size(self, camera: Camera) -> None:
        (frame,) = frames(camera, 1)
        assert (frame.grey.shape, frame.grey.dtype) == ((480, 640), np.uint8)
        assert camera.mode.startswith("640x480 MJPG")

    def test_no_frame_comes_twice_and_none_too_old(self, camera: Camera) -> None:
        got = frames(camera, 12)
        assert all(a.number < b.number and a.taken_s < b.taken_s for a, b in pairwise(got))

    def test_a_slow_reader_gets_the_newest_frame(self, camera: Camera) -> None:
        (first,) = frames(camera, 1)
        threading.Event().wait(0.5)  # the time the simulator needs to run ahead
        before_s = time.monotonic()
        frame = camera.read(1.0)
        assert frame is not None
        assert frame.number > first.number + 1
        assert frame.taken_s >= before_s - AGE_MAX_S

    def test_a_shown_code_is_presented_once(
        self, simulator: MjpegSimulator, camera: Camera
    ) -> None:
        decoder, watch = Decoder(), CodeWatch()
        presented: list[str] = []
        simulator.show("GATE NORTH 1")
        for frame in frames(camera, 20):
            texts = [code.text for code in decoder.read_frame(frame.grey)]
            watch, now = watch.step(texts, frame.taken_s)
            presented += now
        assert presented == ["GATE NORTH 1"]

    def test_a_whole_pass_is_read_at_720_lines(self) -> None:
        with MjpegSimulator() as simulator, Camera(simulator.url) as camera:
            simulator.show(PASS)
            decoder = Decoder()
            frame = until(camera, lambda frame: bool(decoder.read_frame(frame.grey)))
            assert [code.text for code in decoder.read_frame(frame.grey)] == [PASS]
            simulator.show(None)
            until(camera, lambda frame: not decoder.read_frame(frame.grey))

    def test_a_faster_camera_is_thinned_out(self, simulator: MjpegSimulator) -> None:
        with Camera(simulator.url, 640, 480, 5) as camera:
            got = frames(camera, 4)
        assert all(b.taken_s - a.taken_s >= 0.7 / 5 for a, b in pairwise(got))

    def test_nothing_yet_is_none(self, simulator: MjpegSimulator) -> None:
        with opened(simulator, read_timeout_s=2.0) as camera:
            frames(camera, 1)
            simulator.misbehave("stall")
            while camera.read(0.2) is not None:
                pass  # frames still on their way
            assert camera.read(0.0) is None

    def test_interrupt_ends_a_blocked_read(self, simulator: MjpegSimulator) -> None:
        with opened(simulator, read_timeout_s=60.0) as camera:
            frames(camera, 1)
            simulator.misbehave("stall")
            while camera.read(0.2) is not None:
                pass
            answers: list[Frame | None] = []
            reader = threading.Thread(target=lambda: answers.append(camera.read(60.0)))
            reader.start()
            camera.interrupt()
            reader.join(LIMIT_S)
            assert answers == [None]
            simulator.misbehave(None)
            assert until(camera, lambda _: True)

    def test_close_ends_a_blocked_read_and_may_be_called_twice(
        self, simulator: MjpegSimulator
    ) -> None:
        camera = opened(simulator)
        frames(camera, 1)
        camera.close()
        camera.close()
        assert camera.read(1.0) is None
        assert capture_ended()

    def test_a_covered_lens_is_a_view_and_no_failure(
        self, simulator: MjpegSimulator, camera: Camera
    ) -> None:
        simulator.cover()
        until(camera, lambda _: camera.view == "covered")
        frames(camera, 35)  # more equal pictures than a frozen camera is allowed
        simulator.show(None)
        until(camera, lambda _: camera.view == "live")


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "kind", "words"),
        [
            ("stall", DeviceUnavailable, "no frame for|stopped sending"),
            ("hang_up", DeviceUnavailable, "stopped sending"),
            ("frozen", DeviceUnavailable, "same picture"),
            ("truncated", CorruptData, "cannot be decoded"),
            ("wrong_length", DriverError, "stopped sending|cannot be decoded"),
        ],
    )
    def test_a_failing_stream_is_an_error_with_a_remedy(
        self,
        simulator: MjpegSimulator,
        camera: Camera,
        fault: Fault,
        kind: type[DriverError],
        words: str,
    ) -> None:
        frames(camera, 1)
        simulator.misbehave(fault)
        error = failure(camera)
        assert isinstance(error, kind)
        assert any(word in str(error) for word in words.split("|"))
        assert "; " in str(error)

    def test_a_mended_camera_opens_again(self, simulator: MjpegSimulator) -> None:
        first = opened(simulator)
        simulator.misbehave("hang_up")
        failure(first)
        first.close()
        assert capture_ended()
        simulator.misbehave(None)
        with opened(simulator) as second:
            frames(second, 2)
        assert simulator.clients == 2

    def test_one_damaged_frame_is_passed_over(
        self, simulator: MjpegSimulator, camera: Camera
    ) -> None:
        (before,) = frames(camera, 1)
        simulator.misbehave("truncated")
        while camera.read(0.1) is not None:
            pass  # frames still on their way
        simulator.misbehave(None)
        assert until(camera, lambda frame: frame.number > before.number + 2)

    def test_no_stream_at_the_address_is_unavailable(self, simulator: MjpegSimulator) -> None:
        simulator.misbehave("not_found")
        with pytest.raises(DeviceUnavailable, match="no MJPEG stream"):
            opened(simulator)

    def test_a_refused_connection_is_unavailable(self) -> None:
        with MjpegSimulator(64, 48) as simulator:
            url = simulator.url
        with pytest.raises(DeviceUnavailable, match="no MJPEG stream"):
            Camera(url)

    def test_a_source_whose_reader_hangs_is_not_opened_twice(
        self, simulator: MjpegSimulator
    ) -> None:
        with opened(simulator), pytest.raises(DeviceUnavailable, match="last reader still hangs"):
            opened(simulator)

    def test_a_password_in_the_address_is_never_shown(self) -> None:
        url = "http://guard:secret@127.0.0.1:9/stream?token=secret"
        assert shown(url) == "http://127.0.0.1:9/stream"
        with pytest.raises(DeviceUnavailable) as raised:
            Camera(url, open_timeout_s=1)
        assert "secret" not in str(raised.value)


class TestFiles:
    def test_a_picture_repeats_without_counting_as_frozen(self) -> None:
        with Camera(str(VECTORS / "pass.png"), fps=100) as camera:
            got = frames(camera, 40)
        assert [code.text for code in Decoder().read_frame(got[-1].grey)] == [PASS]

    def test_a_video_loops(self, tmp_path: Path) -> None:
        path = tmp_path / "walk.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
        for level in (40, 120, 200):
            writer.write(np.full((48, 64, 3), level, np.uint8))
        writer.release()
        with Camera(str(path), fps=50) as camera:
            levels = [round(float(f.grey.mean()), -1) for f in frames(camera, 7)]
        assert len(set(levels)) == 3
        assert any(later < earlier for earlier, later in pairwise(levels))

    def test_a_missing_device_names_where_to_look(self) -> None:
        with pytest.raises(DeviceUnavailable, match=r"not there.*by-id"):
            Camera("/dev/video-none")

    def test_what_is_no_capture_device_is_unavailable(self) -> None:
        with pytest.raises((DeviceUnavailable, DeviceDenied), match=r"capture device|group video"):
            Camera("/dev/null")

    @pytest.mark.parametrize("name", ["none.png", "none.avi"])
    def test_a_missing_file_is_unavailable(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(DeviceUnavailable, match=r"[Nn]o such file"):
            Camera(str(tmp_path / name))

    @pytest.mark.parametrize("name", ["notes.png", "notes.avi"])
    def test_a_file_that_is_no_picture_is_corrupt(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        path.write_text("nothing to see")
        with pytest.raises(CorruptData):
            Camera(str(path))


def test_missing_opencv_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(DeviceUnavailable, match="libgl1"):
        Camera("/dev/video0")
